import type { KeepOutEntry } from "./keep-out-file.js";
import type { ProximityThresholds } from "./proximity-scale.js";

/**
 * Looks up the thresholds of an entry by its name; what it does not say is the default.
 * @throws Error from the look-up when there is no such entry: robot and guards were given different files.
 */
export function thresholdsByEntry(entries: readonly KeepOutEntry[], defaults: ProximityThresholds): (name: string) => ProximityThresholds {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return (name) => {
    const entry = byName.get(name);
    if (entry === undefined) throw new Error(`guards: the collision model has the obstacle "${name}", the list of entries has not; give both the same`);
    return {
      slowDownDistanceM: entry.slowDownDistanceM ?? defaults.slowDownDistanceM,
      haltDistanceM: entry.haltDistanceM ?? defaults.haltDistanceM,
    };
  };
}
