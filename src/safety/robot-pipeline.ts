import type { RobotDescription } from "../robot/robot-description.js";
import type { JointLimits } from "../robot/types.js";
import { CommandPipeline } from "./command-pipeline.js";
import type { Guard } from "./guards/guard.js";

/** The command pipeline of a robot as its description asks for it. @param limits of its joints. @param guards default: none. */
export function robotPipeline({ gripper, safety }: RobotDescription, limits: readonly JointLimits[], guards: readonly Guard[] = []): CommandPipeline {
  return new CommandPipeline(limits, {
    guards, gripperJoints: [gripper.joint],
    ...(safety.position_margin === undefined ? {} : { armMargin: safety.position_margin }),
    ...(safety.tracking_tolerance === undefined ? {} : { trackingTolerance: safety.tracking_tolerance }),
  });
}
