import { velocityCommand } from "../safety/velocity-command.js";
import { POSITIONS_TOPIC, TRAJECTORY_TOPIC, VELOCITIES_TOPIC } from "./interfaces.js";
import { TYPES } from "./messages.js";
import { multiArrayMessage, trajectoryMessage } from "./trajectory-message.js";
import { TrajectoryStream } from "./trajectory-stream.js";

import type { JointLimits, JointState, JointTrajectory } from "../robot/types.js";
import type { Float64MultiArrayMessage, JointTrajectoryMessage } from "./messages.js";
import type { ControllerParameters } from "./parameters.js";
import type { RosNode } from "./ros-node.js";

/** Where commands go. */
export interface CommandOutput {
  /** Takes a trajectory that begins now. */
  send(trajectory: JointTrajectory): void;
  /** Called at command rate; only forward commands are sent then. @param joints the newest measurement, unless it is stale. */
  cycle(joints: JointState | undefined): void;
  /** The commands of so many seconds were not sent in time, and the robot stood meanwhile: what is to come, comes later. */
  delay(byS: number): void;
  /** Whether the robot stands still when no command comes, so that delay() is to be called. */
  readonly standsWithout: boolean;
  /** Seconds until what was sent last is at rest, as far as cycle() is needed for it. */
  remainingS(): number;
}

interface Robot {
  readonly limits: readonly JointLimits[];
  /** Where the joints are commanded to be before anything is played. */
  readonly start: () => ArrayLike<number>;
}

/** The output that the parameter `command_interface` asks for. @param nowS the control clock. */
export function createCommandOutput(p: ControllerParameters, ros: RosNode, nowS: () => number, robot: Robot): CommandOutput {
  return p.command_interface === "joint_trajectory" ? trajectoryOutput(p, ros) : forwardOutput(p, ros, nowS, robot);
}

function trajectoryOutput(p: ControllerParameters, ros: RosNode): CommandOutput {
  const publisher = ros.publisher<JointTrajectoryMessage>(TYPES.jointTrajectory, p.command_topic || TRAJECTORY_TOPIC, "command");
  const stamped = p.trajectory_stamp === "now";
  return {
    send: (trajectory) => { publisher.publish(trajectoryMessage(trajectory, stamped ? ros.stamp() : undefined)); },
    cycle: () => undefined,
    delay: () => undefined,
    standsWithout: false,
    remainingS: () => 0,
  };
}

function forwardOutput(p: ControllerParameters, ros: RosNode, nowS: () => number, { limits, start }: Robot): CommandOutput {
  const velocities = p.command_interface === "forward_velocity";
  const topic = p.command_topic || (velocities ? VELOCITIES_TOPIC : POSITIONS_TOPIC);
  const publisher = ros.publisher<Float64MultiArrayMessage>(TYPES.float64MultiArray, topic, "command");
  const stream = new TrajectoryStream();
  return {
    send: (trajectory) => { stream.play(trajectory, nowS(), start()); },
    cycle: (joints) => {
      const wanted = stream.sample(nowS());
      if (wanted === undefined) return;
      publisher.publish(multiArrayMessage(velocities ? velocityCommand(wanted, joints, limits, p.velocity_gain) : wanted.positions));
    },
    delay: (byS) => { stream.delay(byS); },
    standsWithout: !velocities,
    remainingS: () => stream.remainingS(nowS()),
  };
}
