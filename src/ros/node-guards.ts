import { CollisionModel } from "../robot/collision-model.js";
import { createGuards, readKeepOutFile } from "../safety/guards/index.js";
import { corner } from "./corner.js";
import { locate } from "./locate.js";

import type { RobotModel } from "../robot/model.js";
import type { StaticGeometry, Workspace } from "../robot/types.js";
import type { Guard, KeepOutEntry } from "../safety/guards/index.js";
import type { ControllerParameters } from "./parameters.js";

/** The box that `workspace.low` and `workspace.high` say. @throws Error naming them when they are no box. */
export function workspaceOf(p: ControllerParameters): Workspace {
  const low = corner(p["workspace.low"]);
  const high = corner(p["workspace.high"]);
  if (low.some((value, axis) => value >= high[axis]!)) {
    throw new Error(`parameter workspace.low [${low.join(", ")}] is not below workspace.high [${high.join(", ")}]`);
  }
  return { low, high };
}

/** The zones and things of `safety.keep_out_file`. @throws Error with one line that names file and field. */
export async function keepOutEntries(p: ControllerParameters): Promise<readonly KeepOutEntry[]> {
  const file = p["safety.keep_out_file"];
  const entries = file === "" ? [] : await readKeepOutFile(locate("safety.keep_out_file", file));
  if (entries.length > 0 && !p["safety.collision_check"]) {
    throw new Error(`parameter safety.keep_out_file is "${file}" but safety.collision_check is false: nobody would watch its ${entries.length} entries`);
  }
  return entries;
}

/** Those that are zones for all links, and so for the tool: what the objective's term keeps predicted tool positions out of. */
export function zonesForTheTool(entries: readonly KeepOutEntry[]): StaticGeometry[] {
  return entries.filter(({ kind, links }) => kind === "keep_out" && links === undefined).map(({ geometry }) => geometry);
}

/** The guards that the parameters ask for. @param warn told what is left out of the collision check. */
export async function createNodeGuards(
  p: ControllerParameters, urdf: string, robot: RobotModel, entries: readonly KeepOutEntry[], warn: (sentence: string) => void,
): Promise<Guard[]> {
  const collision = !p["safety.collision_check"] ? undefined : await CollisionModel.fromUrdf(urdf, {
    baseLink: p.base_link, jointNames: p.joints, obstacles: entries, gripperJoints: [p["gripper.joint"]],
    unreadableMeshes: p["safety.ignore_unreadable_meshes"] ? "ignore" : "refuse",
  });
  for (const uri of collision?.ignoredMeshes ?? []) warn(`the collision mesh ${uri} cannot be read: its shape is not watched`);
  const slowDownCondition = p["safety.singularity_slow_down"];
  const maxToolSpeedMps = p["safety.max_tool_speed_mps"];
  return createGuards(robot, {
    maxToolSpeedMps: maxToolSpeedMps === 0 ? Infinity : maxToolSpeedMps,
    workspace: workspaceOf(p),
    workspaceToleranceM: p["safety.workspace_tolerance_m"],
    singularity: slowDownCondition === 0 ? false : { slowDownCondition, haltCondition: p["safety.singularity_halt"] },
    entries,
    ...(collision === undefined ? {} : { collision }),
    collisionThresholds: {
      selfSlowDownDistanceM: p["safety.self_slow_down_distance_m"], selfHaltDistanceM: p["safety.self_halt_distance_m"],
      sceneSlowDownDistanceM: p["safety.scene_slow_down_distance_m"], sceneHaltDistanceM: p["safety.scene_halt_distance_m"],
    },
    keepOutThresholds: { keepOutSlowDownDistanceM: p["safety.scene_slow_down_distance_m"] },
  });
}
