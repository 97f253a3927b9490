/** A joint setpoint in motion: what was commanded last, where the next command has to start. */
export interface Setpoint {
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
  readonly accelerations: Float64Array;
}

/** Why the robot holds. Every hold has one. */
export type HoldReason =
  | "waiting_for_camera" | "waiting_for_joint_states" | "camera_stale" | "joint_states_stale"
  | "prediction_surprise" | "unfamiliar_scene" | "energy_rising"
  | "no_goal" | "goal_reached" | "plan_late" | "plan_not_finite" | "plan_not_improving" | "inference_unavailable"
  | "command_not_finite" | "joint_out_of_bounds" | "tracking_error"
  | "cartesian_speed" | "workspace_left" | "keep_out_zone" | "collision_near" | "singularity" | "command_loop_late"
  | "clock_stopped" | "other_commander" | "stopped_by_user" | "internal_error" | "shutdown";
