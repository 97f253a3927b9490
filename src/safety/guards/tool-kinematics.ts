/** The part of the robot's kinematics that guards ask for; `RobotModel` of src/robot/ has it. */
export interface ToolKinematics {
  readonly jointNames: readonly string[];
  /** Which joints move the tool. */
  readonly movesTool: readonly boolean[];
  /** Position of the tool in the base frame, m, at joint positions `q` (rad, m). */
  toolPose(q: ArrayLike<number>): { readonly position: ArrayLike<number> };
  /** Geometric Jacobian of the tool at `q`, row-major [6, joints]: linear rows, then angular rows. */
  toolJacobian(q: ArrayLike<number>): ArrayLike<number>;
}
