import { toRosTime } from "./time.js";

import type { JointTrajectory } from "../robot/types.js";
import type { Float64MultiArrayMessage, JointTrajectoryMessage } from "./messages.js";
import type { RosTime } from "./rclnodejs.js";

/**
 * trajectory_msgs/JointTrajectory of a trajectory: each command starts at the setpoint where the one before ends, and carries its
 * own stop.
 *
 * @param stamp when it begins: a controller that gets it late drives only what is left. Left out, it is zero: "from arrival".
 */
export function trajectoryMessage(trajectory: JointTrajectory, stamp: RosTime = { sec: 0, nanosec: 0 }): JointTrajectoryMessage {
  return {
    header: { stamp, frame_id: "" },
    joint_names: [...trajectory.jointNames],
    points: trajectory.points.map((point) => ({
      // Plain arrays: rclnodejs sends the wrong bytes of a typed-array view.
      positions: [...point.positions],
      velocities: [...point.velocities],
      accelerations: [...point.accelerations ?? []],
      effort: [],
      time_from_start: toRosTime(point.timeFromStartS),
    })),
  };
}

/** std_msgs/Float64MultiArray of plain numbers. */
export function multiArrayMessage(values: ArrayLike<number>): Float64MultiArrayMessage {
  return { layout: { dim: [], data_offset: 0 }, data: Array.from(values) };
}
