import { CollisionModel } from "../../robot/collision-model.js";
import type { Robot } from "../../robot/find-robot.js";
import type { SafetyName } from "../../robot/robot-description.js";
import { createGuards } from "./create-guards.js";
import type { Guard } from "./guard.js";
import { readKeepOutFile } from "./keep-out-file.js";
import type { ToolKinematics } from "./tool-kinematics.js";

/**
 * The guards that a robot's description asks for: what the node has with the same parameters.
 *
 * @throws Error with one line when its keep-out file or URDF cannot be used.
 */
export async function robotGuards({ description, urdf, keepOutFile }: Robot, kinematics: ToolKinematics): Promise<Guard[]> {
  const { base_link: baseLink, joints: jointNames, gripper, workspace, safety } = description;
  const entries = keepOutFile === undefined ? [] : await readKeepOutFile(keepOutFile);
  const collision = await CollisionModel.fromUrdf(urdf, { baseLink, jointNames, obstacles: entries, gripperJoints: [gripper.joint] });
  const given = <T extends string>(option: T, name: SafetyName): Partial<Record<T, number>> => safety[name] === undefined ? {} : { [option]: safety[name] } as Record<T, number>;
  return createGuards(kinematics, {
    workspace, entries, collision,
    ...given("maxToolSpeedMps", "max_tool_speed_mps"), ...given("workspaceToleranceM", "workspace_tolerance_m"),
    singularity: safety.singularity_slow_down === 0 ? false : { ...given("slowDownCondition", "singularity_slow_down"), ...given("haltCondition", "singularity_halt") },
    collisionThresholds: {
      ...given("selfSlowDownDistanceM", "self_slow_down_distance_m"), ...given("selfHaltDistanceM", "self_halt_distance_m"),
      ...given("sceneSlowDownDistanceM", "scene_slow_down_distance_m"), ...given("sceneHaltDistanceM", "scene_halt_distance_m"),
    },
    keepOutThresholds: { ...given("keepOutSlowDownDistanceM", "scene_slow_down_distance_m") },
  });
}
