import { velocityCommand } from "../safety/velocity-command.js";
import { CommandWatch } from "./command-watch.js";
import { POSITIONS_TOPIC, TRAJECTORY_TOPIC, VELOCITIES_TOPIC } from "./interfaces.js";
import { TYPES } from "./messages.js";
import { toRosTime } from "./time.js";
import { multiArrayMessage, trajectoryMessage } from "./trajectory-message.js";
import { TrajectoryStream } from "./trajectory-stream.js";

import type { JointLimits, JointState, JointTrajectory } from "../robot/types.js";
import type { Float64MultiArrayMessage, JointTrajectoryMessage } from "./messages.js";
import type { ControllerParameters } from "./parameters.js";
import type { RosNode } from "./ros-node.js";

/** Where commands go. */
export interface CommandOutput {
  /** Takes a trajectory that begins at a time of the control clock, now or a little ago (s). */
  send(trajectory: JointTrajectory, startS: number): void;
  /** Called at command rate; only forward commands are sent then. @param joints the newest measurement, unless it is stale. */
  cycle(joints: JointState | undefined): void;
  /** The commands of so many seconds were not sent in time, and the robot stood meanwhile: what is to come, comes later. */
  delay(byS: number): void;
  /** Whether the robot stands still when no command comes, so that delay() is to be called. */
  readonly standsWithout: boolean;
  /** Seconds until what was sent last is at rest, as far as cycle() is needed for it. */
  remainingS(): number;
}

/** A joint state's stamp lies so far behind ROS time at most, and so far ahead of it, when robot and node have the same time, s. */
const SAME_TIME_S = { behind: 0.5, ahead: 0.1 } as const;

/** Two looks at clocks within this are one, s. */
const QUICK_LOOK_S = 0.0005;
const MOST_LOOKS = 5;

interface Robot {
  /** Newest stamp of the robot's joint states, s; 0 when they have none. */
  readonly stampS: () => number;
  readonly limits: readonly JointLimits[];
  /** Where the joints are commanded to be before anything is played. */
  readonly start: () => ArrayLike<number>;
  /** Told of each command on the topic that is not from here. */
  readonly onForeign: (topic: string) => void;
}

/** The output that the parameter `command_interface` asks for. @param nowS the control clock. */
export function createCommandOutput(p: ControllerParameters, ros: RosNode, nowS: () => number, robot: Robot): CommandOutput {
  return p.command_interface === "joint_trajectory" ? trajectoryOutput(p, ros, nowS, robot) : forwardOutput(p, ros, nowS, robot);
}

function trajectoryOutput(p: ControllerParameters, ros: RosNode, nowS: () => number, { onForeign, stampS }: Robot): CommandOutput {
  const topic = p.command_topic || TRAJECTORY_TOPIC;
  const publisher = ros.publisher<JointTrajectoryMessage>(TYPES.jointTrajectory, topic, "command");
  const watch = new CommandWatch(() => { onForeign(topic); });
  ros.subscribe<JointTrajectoryMessage>(TYPES.jointTrajectory, topic, "events", (message) => { watch.seen(contentOf(message)); });
  const stamped = p.trajectory_stamp === "now";
  return {
    send: (trajectory, startS) => {
      const rosS = ros.nowS();
      const robotS = stampS();
      // After a jump of the clock a stop would lie in the robot's future, and it would not stop before; without a stamp it begins on arrival.
      const sameTime = robotS === 0 || (rosS - robotS < SAME_TIME_S.behind && robotS - rosS < SAME_TIME_S.ahead);
      const message = trajectoryMessage(trajectory, stamped && sameTime ? toRosTime(Math.max(0, startS + rosAheadS(ros, nowS))) : undefined);
      watch.sent(contentOf(message));
      publisher.publish(message);
    },
    cycle: () => undefined,
    delay: () => undefined,
    standsWithout: false,
    remainingS: () => 0,
  };
}

function forwardOutput(p: ControllerParameters, ros: RosNode, nowS: () => number, { limits, start, onForeign }: Robot): CommandOutput {
  const velocities = p.command_interface === "forward_velocity";
  const topic = p.command_topic || (velocities ? VELOCITIES_TOPIC : POSITIONS_TOPIC);
  const publisher = ros.publisher<Float64MultiArrayMessage>(TYPES.float64MultiArray, topic, "command");
  const watch = new CommandWatch(() => { onForeign(topic); });
  ros.subscribe<Float64MultiArrayMessage>(TYPES.float64MultiArray, topic, "events", ({ data }) => { watch.seen(data.join()); });
  const stream = new TrajectoryStream();
  return {
    send: (trajectory, startS) => { stream.play(trajectory, startS, start()); },
    cycle: (joints) => {
      const wanted = stream.sample(nowS());
      if (wanted === undefined) return;
      const message = multiArrayMessage(velocities ? velocityCommand(wanted, joints, limits, p.velocity_gain) : wanted.positions);
      watch.sent(message.data.join());
      publisher.publish(message);
    },
    delay: (byS) => { stream.delay(byS); },
    standsWithout: !velocities,
    remainingS: () => stream.remainingS(nowS()),
  };
}

/** How far ROS time is ahead of the control clock, s. Where the thread lost the processor between the two looks, it looks again. */
function rosAheadS(ros: RosNode, nowS: () => number): number {
  let best = { aheadS: 0, tookS: Infinity };
  for (let look = 0; look < MOST_LOOKS && best.tookS > QUICK_LOOK_S; look++) {
    const beforeS = nowS();
    const rosS = ros.nowS();
    const tookS = nowS() - beforeS;
    if (tookS < best.tookS) best = { aheadS: rosS - beforeS, tookS };
  }
  return best.aheadS;
}

/** What tells one trajectory from another. */
function contentOf({ header: { stamp }, points }: JointTrajectoryMessage): string {
  return `${stamp.sec}.${stamp.nanosec} ${points.map(({ positions }) => positions.join()).join(" ")}`;
}
