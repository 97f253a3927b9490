import type { CollisionDistances } from "./distance-field.js";
import type { KeepOutEntry } from "./keep-out-file.js";
import { ProximityGuard } from "./proximity-guard.js";
import { thresholdsByEntry } from "./thresholds-by-entry.js";

/** Distances in m; entries of the file may have their own. */
export interface KeepOutGuardOptions {
  /** Default 0.05: more than twice the way in which the tool stops from 0.25 m/s. */
  readonly keepOutSlowDownDistanceM?: number;
  /** Default 0: the zone's own border, as whoever drew it put the margin there. */
  readonly keepOutHaltDistanceM?: number;
}

/** Keeps the robot out of the zones of a keep-out file. */
export function keepOutGuard(robot: CollisionDistances, entries: readonly KeepOutEntry[], options: KeepOutGuardOptions = {}): ProximityGuard {
  const { keepOutSlowDownDistanceM = 0.05, keepOutHaltDistanceM = 0 } = options;
  const zones = thresholdsByEntry(entries, { slowDownDistanceM: keepOutSlowDownDistanceM, haltDistanceM: keepOutHaltDistanceM });
  return new ProximityGuard("keep-out zones", "keep_out_zone", robot.field(["keep_out"]), ({ second }) => zones(second));
}
