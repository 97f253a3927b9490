import { toRosTime } from "./time.js";

import type { JointTrajectory } from "../robot/types.js";
import type { Float64MultiArrayMessage, JointTrajectoryMessage } from "./messages.js";

/**
 * trajectory_msgs/JointTrajectory of a trajectory. The stamp is left zero, which means "from now": each command starts
 * at the setpoint where the one before ends, and carries its own stop.
 */
export function trajectoryMessage(trajectory: JointTrajectory): JointTrajectoryMessage {
  return {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: "" },
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
