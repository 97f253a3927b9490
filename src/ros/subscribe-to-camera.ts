import { decodeRawImage } from "../camera/encodings.js";
import { CompressedCamera } from "./compressed-camera.js";
import { oneLine } from "./ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { TopicSpec } from "./interface-spec.js";
import type { CompressedImageMessage, Header, ImageMessage } from "./messages.js";
import type { RosNode } from "./ros-node.js";

export interface CameraSubscription {
  /** `raw`: sensor_msgs/Image on `image`. `compressed`: sensor_msgs/CompressedImage beside it. */
  readonly transport: string;
  readonly image: TopicSpec;
  readonly compressedImage: TopicSpec;
  /** Given a picture of its own, its header, and how long decoding kept it, s. */
  readonly onImage: (image: RgbImage, header: Header, waitedS: number) => void;
  /** Told what is wrong with a picture, in one line. */
  readonly onComplaint: (text: string) => void;
}

/** Subscribes a node to its camera; compressed pictures are decoded off the thread that spins ROS. @returns the topic's full name. */
export function subscribeToCamera(ros: RosNode, { transport, image, compressedImage, onImage, onComplaint }: CameraSubscription): string {
  const base = ros.resolve(image.name);
  if (transport === "compressed") {
    const camera = new CompressedCamera({ onImage: (...picture) => { ros.guarded("picture", () => { onImage(...picture); }); }, onComplaint });
    // As image_transport does it: what moves the base topic moves this one, too.
    const name = `${base}/compressed`;
    ros.subscribeTo<CompressedImageMessage>({ ...compressedImage, name }, (message) => { camera.take(message); });
    return name;
  }
  ros.subscribeTo<ImageMessage>(image, (message) => {
    let picture: RgbImage;
    try {
      // Copies: the message's memory is freed when this returns.
      picture = decodeRawImage(message);
    } catch (error) {
      onComplaint(oneLine(error));
      return;
    }
    onImage(picture, message.header, 0);
  });
  return base;
}
