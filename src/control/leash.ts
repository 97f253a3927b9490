/**
 * How far (rad) an action's start may lie ahead of the measured joints. The simulated arm in free motion stays within 0.001;
 * one that is pressed against something does not get away from it.
 */
export const LEASH_RAD = 0.05;

/**
 * Where the next action starts: the setpoint, but no farther than `leash` from the measured joints. Else every action against an
 * obstacle would push the setpoint farther into it, until the arm presses with all its force and the tracking check ends the run.
 *
 * @param setpoint [joints]. @param measured [joints]. @returns a fresh array, [joints].
 */
export function onLeash(setpoint: ArrayLike<number>, measured: ArrayLike<number>, leash = LEASH_RAD): Float64Array {
  return Float64Array.from(setpoint, (position, j) => Math.min(measured[j]! + leash, Math.max(measured[j]! - leash, position)));
}
