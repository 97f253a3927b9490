import { JointStateCollector } from "./joint-state-collector.js";
import { noPicture, watchCamera } from "./watch-camera.js";

import type { RgbImage } from "../camera/types.js";
import type { JointState } from "../robot/types.js";
import type { CameraWatch } from "./watch-camera.js";

export interface LookOptions {
  /** Topic of sensor_msgs/msg/Image. */
  readonly topic: string;
  /** Topic of sensor_msgs/msg/JointState. */
  readonly jointTopic: string;
  /** Joints in the order that is wanted. */
  readonly jointNames: readonly string[];
  readonly timeoutS: number;
}

/**
 * One picture of the camera and the robot's joint state at about the same time. Nothing is published.
 *
 * @throws Error with one line: ROS 2 cannot be used, no picture or no joint state in time, or one that cannot be read.
 */
export async function lookNow({ topic, jointTopic, jointNames, timeoutS }: LookOptions): Promise<{ readonly image: RgbImage; readonly joints: JointState }> {
  const collector = new JointStateCollector(jointNames, timeoutS);
  let watch: CameraWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      let image: RgbImage | undefined;
      let joints: JointState | undefined;
      let trouble = "";
      const answer = (): void => {
        if (image !== undefined && joints !== undefined) resolve({ image, joints });
      };
      watchCamera({
        topic, onError: reject,
        onImage: (picture) => { image = picture; answer(); },
        joints: {
          topic: jointTopic,
          onJoints: (message) => {
            const collected = collector.collect(message, performance.now() / 1000);
            if (collected?.kind === "malformed") reject(new Error(`${jointTopic}: ${collected.reason}`));
            else if (collected?.kind === "incomplete") trouble = ` (its messages have no ${collected.missing.join(", ")})`;
            else if (collected !== undefined) {
              joints = collected.state;
              answer();
            }
          },
        },
      }).then((opened) => {
        watch = opened;
        timer = setTimeout(() => {
          reject(image === undefined ? noPicture(topic, opened.publishers, timeoutS)
            : new Error(`no joint states came on ${jointTopic} in ${timeoutS} s${opened.jointPublishers === 0 ? "; nobody publishes them" : trouble}`));
        }, timeoutS * 1000);
      }, reject);
    });
  } finally {
    clearTimeout(timer);
    watch?.close();
  }
}
