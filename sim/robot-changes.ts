import type { CameraPose } from "./camera-pose.js";
import { movedPose } from "./moved-pose.js";
import { Random } from "./random.js";
import type { ArmChange, SimWorld } from "./world.js";

/** What happens to a robot after its model was trained and its goal pictures were taken. */
export interface RobotChange {
  readonly arm?: ArmChange;
  readonly camera?: CameraPose;
}

export const ROBOT_CHANGES = ["payload", "worn", "camera"] as const;

export type RobotChangeName = (typeof ROBOT_CHANGES)[number];

/** What each is, for people. */
export const CHANGE_SENTENCES: Readonly<Record<RobotChangeName, string>> = {
  payload: "1.5 kg at the hand that nobody told the driver of, servos with a tenth of their stiffness",
  worn: "servos with a tenth of their stiffness, and friction in the joints as large as their force when they are 0.02 rad off",
  camera: "camera pushed by 5 cm and turned by 3° after the goal pictures were taken",
};

/** @param life which robot of its kind: cameras are pushed another way each. */
export function robotChange(name: RobotChangeName, life: number): RobotChange {
  switch (name) {
    case "payload":
      return { arm: { payloadKg: 1.5, stiffness: 0.1 } };
    case "worn":
      return { arm: { stiffness: 0.1, stickRad: 0.02 } };
    case "camera":
      return { camera: movedPose(new Random(0xca3e7a + life), 0.05, Math.PI / 60) };
    default:
      return name satisfies never;
  }
}

/** The arm hangs and comes to rest, s. */
const SETTLE_S = 0.4;

/** Does it to a world in a room; undone by `alter({})` and by the next room. */
export function changeRobot(world: SimWorld, { arm = {}, camera }: RobotChange): void {
  world.alter(arm);
  if (camera !== undefined) world.dress({ ...world.environment, camera });
  world.step(Math.round(SETTLE_S / world.timestepS));
}
