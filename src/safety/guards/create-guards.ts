import { CartesianSpeedGuard } from "./cartesian-speed-guard.js";
import { type CollisionGuardOptions, collisionGuard } from "./collision-guard.js";
import type { CollisionDistances } from "./distance-field.js";
import type { Guard } from "./guard.js";
import type { KeepOutEntry } from "./keep-out-file.js";
import { type KeepOutGuardOptions, keepOutGuard } from "./keep-out-guard.js";
import { SingularityGuard, type SingularityOptions } from "./singularity-guard.js";
import type { ToolKinematics } from "./tool-kinematics.js";
import { type WorkspaceBox, WorkspaceGuard } from "./workspace-guard.js";

/** Everything has a default. */
export interface GuardOptions {
  /** Highest speed of the tool, m/s; Infinity switches the guard off. Default 0.25. */
  readonly maxToolSpeedMps?: number;
  /** Box that the tool stays in, base frame, m. Without it there is no such guard. */
  readonly workspace?: WorkspaceBox;
  /** How far outside the box the tool may come to rest, m. Default 0.01. */
  readonly workspaceToleranceM?: number;
  /** Thresholds of the singularity guard; false switches it off. */
  readonly singularity?: SingularityOptions | false;
  /** Collision shapes of the robot; without them neither collisions nor keep-out zones are watched. */
  readonly collision?: CollisionDistances;
  /** Zones and scene, the same that the collision shapes were made with. Default none. */
  readonly entries?: readonly KeepOutEntry[];
  readonly collisionThresholds?: CollisionGuardOptions;
  readonly keepOutThresholds?: KeepOutGuardOptions;
}

/**
 * The guards of a robot, cheap ones first. Ask them with worstVerdict().
 *
 * @throws RangeError for a threshold, Error for entries, that cannot be used: one line that names it. Entries without collision
 *   shapes are refused: nobody would watch them.
 */
export function createGuards(robot: ToolKinematics, options: GuardOptions = {}): Guard[] {
  const { maxToolSpeedMps, workspace, workspaceToleranceM, singularity = {}, collision, entries = [] } = options;
  if (collision === undefined && entries.length > 0) {
    throw new Error(`guards: there are ${entries.length} keep-out entries ("${entries[0]!.name}", ...) but no collision shapes to watch them with`);
  }
  const guards: Guard[] = [];
  if (maxToolSpeedMps !== Infinity) guards.push(new CartesianSpeedGuard(robot, maxToolSpeedMps));
  if (workspace !== undefined) guards.push(new WorkspaceGuard(robot, workspace, workspaceToleranceM));
  if (singularity !== false) guards.push(new SingularityGuard(robot, singularity));
  if (collision !== undefined) {
    guards.push(collisionGuard(collision, entries, options.collisionThresholds));
    if (entries.some(({ kind }) => kind === "keep_out")) guards.push(keepOutGuard(collision, entries, options.keepOutThresholds));
  }
  return guards;
}
