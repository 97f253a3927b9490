import { decodeRawImage } from "../camera/encodings.js";
import { decodeImage } from "../camera/files.js";
import { compressedBytes, labelOf, storedGoals } from "./goal-request.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";

import type { GoalLibrary } from "../goals/goal-library.js";
import type { GoalDesk } from "./goal-desk.js";
import type { CompressedImageMessage, ImageMessage, StringMessage } from "./messages.js";
import type { RosNode } from "./ros-node.js";

/** Takes goals from topics. Who sends them there is not told how they end; `~/status` says it. */
export function subscribeToGoals(ros: RosNode, desk: GoalDesk, library: GoalLibrary): void {
  ros.subscribeTo<ImageMessage>(CONTROLLER_INTERFACES.goalImage, (message) => {
    const name = labelOf(message);
    const image = decodeRawImage(message);
    desk.take({ name, load: () => Promise.resolve([{ name, image }]) });
  });
  ros.subscribeTo<CompressedImageMessage>(CONTROLLER_INTERFACES.goalImageCompressed, (message) => {
    const name = labelOf(message);
    const bytes = compressedBytes(message);
    desk.take({ name, load: async () => [{ name, image: await decodeImage(bytes, `goal picture "${name}"`) }] });
  });
  ros.subscribeTo<StringMessage>(CONTROLLER_INTERFACES.goalName, ({ data: name }) => {
    desk.take({ name, load: () => storedGoals(library, [name]) });
  });
}
