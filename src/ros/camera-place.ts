import { parseOpticalPose, type OpticalPose } from "../camera/optical-pose.js";
import { pinholeOfMatrix, type PlacedCamera } from "../camera/project-points.js";
import { hasInterfaces } from "./environment.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";
import { StaticTransforms } from "./static-transforms.js";

import type { CameraInfoMessage, PoseStampedMessage, TransformsMessage } from "./messages.js";
import type { RclPublisher } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Where the camera stands and what its lens is, as far as it is known: the pose from the parameter `camera.pose` or, where that is empty, from `/tf_static`; the lens from
 * camera_info. What it knows it also publishes, for others who draw.
 */
export class CameraPlace {
  readonly #baseLink: string;
  readonly #given: OpticalPose | undefined;
  readonly #transforms = new StaticTransforms();
  readonly #publisher: RclPublisher<PoseStampedMessage>;
  readonly #stamp: () => PoseStampedMessage["header"]["stamp"];
  #info: (Size & { readonly k: Float64Array; readonly frame: string }) | undefined;
  #pose: OpticalPose | undefined;

  /** @param pose of the parameter. @throws Error with one line when it cannot be read. */
  constructor(ros: RosNode, { pose, baseLink }: { readonly pose: string; readonly baseLink: string }) {
    this.#baseLink = baseLink;
    this.#given = parsed(pose);
    this.#stamp = () => ros.stamp();
    this.#publisher = ros.publisherOf<PoseStampedMessage>(CONTROLLER_INTERFACES.cameraPose);
    if (this.#given !== undefined) this.#tell(this.#given);
    else if (hasInterfaces("tf2_msgs")) {
      ros.subscribeTo<TransformsMessage>(CONTROLLER_INTERFACES.staticTransforms, ({ transforms }) => {
        this.#transforms.take(transforms);
        this.#look();
      });
    }
  }

  onCameraInfo({ width, height, k, header }: CameraInfoMessage): void {
    const frame = this.#info?.frame;
    this.#info = { width, height, k: k.slice(), frame: header.frame_id };
    if (frame !== header.frame_id) this.#look();
  }

  /** The camera of pictures of a size; undefined while its pose or its lens is not known. */
  cameraOf(image: Size): PlacedCamera | undefined {
    const info = this.#info;
    const lens = info === undefined ? undefined : pinholeOfMatrix(info.k, info, image);
    return this.#pose === undefined || lens === undefined ? undefined : { pose: this.#pose, lens };
  }

  #look(): void {
    if (this.#given !== undefined || this.#info === undefined) return;
    const found = this.#transforms.lookUp(this.#baseLink, this.#info.frame);
    if (found !== undefined) this.#tell(found);
  }

  #tell(pose: OpticalPose): void {
    this.#pose = pose;
    const [x, y, z] = pose.positionM;
    const [qx, qy, qz, qw] = pose.quaternion;
    this.#publisher.publish({
      header: { stamp: this.#stamp(), frame_id: this.#baseLink },
      pose: { position: { x, y, z }, orientation: { x: qx, y: qy, z: qz, w: qw } },
    });
  }
}

function parsed(pose: string): OpticalPose | undefined {
  if (pose.trim() === "") return undefined;
  try {
    return parseOpticalPose(pose);
  } catch (error) {
    throw new Error(`parameter camera.pose ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
