import { noPicture, watchCamera } from "./watch-camera.js";

import type { RgbImage } from "../camera/types.js";
import type { CameraWatch } from "./watch-camera.js";

export interface CaptureOptions {
  /** Topic of sensor_msgs/msg/Image. */
  readonly topic: string;
  readonly timeoutS: number;
}

/**
 * Waits for one picture of a camera topic.
 *
 * @returns a picture with data of its own.
 * @throws Error with one line: ROS 2 cannot be used, no such publisher, no picture in time, or an encoding that is not read.
 */
export async function captureImage({ topic, timeoutS }: CaptureOptions): Promise<RgbImage> {
  let watch: CameraWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<RgbImage>((resolve, reject) => {
      watchCamera({ topic, onImage: resolve, onError: reject }).then((opened) => {
        watch = opened;
        timer = setTimeout(() => { reject(noPicture(topic, opened.publishers, timeoutS)); }, timeoutS * 1000);
      }, reject);
    });
  } finally {
    clearTimeout(timer);
    watch?.close();
  }
}
