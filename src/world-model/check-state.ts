import type { Manifest } from "./manifest.js";

/**
 * Holds a state against the bounds that a manifest may give: a model that is told degrees for radians, or millimetres for metres, plans nonsense
 * with confidence.
 *
 * @param state [stateDim], in manifest order and units. @param bundle the bundle's name, for the message.
 * @throws RangeError, one line: which value, what it is, what it has to be.
 */
export function checkState(state: Float32Array, { state: { names, units, low, high } }: Manifest, bundle: string): void {
  if (low === undefined || high === undefined) return;
  for (let i = 0; i < state.length; i++) {
    const value = state[i]!;
    // Written so that NaN is refused.
    if (value >= low[i]! && value <= high[i]!) continue;
    const hint = units[i] === "rad" ? "; it looks like degrees: give radians" : units[i] === "m" ? "; give metres in the robot's base frame" : "";
    throw new RangeError(`bundle ${bundle}: state ${names[i]} is ${Number(value.toPrecision(6))} and must be from ${low[i]} to ${high[i]} ${units[i]}${hint}`);
  }
}
