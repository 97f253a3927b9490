import type { CollisionDistances } from "./distance-field.js";
import type { KeepOutEntry } from "./keep-out-file.js";
import { ProximityGuard } from "./proximity-guard.js";
import { thresholdsByEntry } from "./thresholds-by-entry.js";

/** Distances in m. */
export interface CollisionGuardOptions {
  /**
   * Between two links. The lengths of the arm itself are known well, so little room is needed; but URDF shapes are rough,
   * and brakes need some. Defaults 0.02 and 0.005.
   */
  readonly selfSlowDownDistanceM?: number;
  readonly selfHaltDistanceM?: number;
  /**
   * From a link to a thing of the scene. Its place is known to a centimetre at best, and from 0.25 m/s the tool stops within about
   * three. Entries of the file may have their own: a table that is worked on wants less. Defaults 0.05 and 0.01.
   */
  readonly sceneSlowDownDistanceM?: number;
  readonly sceneHaltDistanceM?: number;
}

/** Keeps the robot's links apart from each other and from the scene; the worst pair counts. */
export function collisionGuard(robot: CollisionDistances, entries: readonly KeepOutEntry[], options: CollisionGuardOptions = {}): ProximityGuard {
  const { selfSlowDownDistanceM = 0.02, selfHaltDistanceM = 0.005, sceneSlowDownDistanceM = 0.05, sceneHaltDistanceM = 0.01 } = options;
  const self = { slowDownDistanceM: selfSlowDownDistanceM, haltDistanceM: selfHaltDistanceM };
  const scene = thresholdsByEntry(entries, { slowDownDistanceM: sceneSlowDownDistanceM, haltDistanceM: sceneHaltDistanceM });
  return new ProximityGuard("collision", "collision_near", robot.field(["self", "scene"]), ({ kind, second }) => kind === "self" ? self : scene(second));
}
