import type { Motion, Verdict } from "./guard.js";

/** Nothing against the motion. */
export const ALLOWED: Verdict = Object.freeze({ scale: 1 });

/** Share of the wanted speed at which a motion may lead out of a violation, so that nobody gets stuck. */
export const RETREAT_SCALE = 0.25;

/**
 * What every guard looks at first: a halt for numbers that are not finite, and leave for a wish to stand still.
 *
 * @returns undefined when the guard has to look itself.
 */
export function assessInput(guard: string, motion: Motion, joints: number): Verdict | undefined {
  let still = true;
  for (let j = 0; j < joints; j++) {
    const position = motion.positions[j];
    const velocity = motion.velocities[j];
    const rest = motion.rest[j];
    // The difference of two huge numbers is not finite either; that of two that are not finite never is.
    if (!Number.isFinite(velocity) || !Number.isFinite(rest! - position!)) {
      return {
        scale: 0, reason: "command_not_finite",
        sentence: `Holding: the guard "${guard}" was given position ${position}, velocity ${velocity} and rest ${rest} for joint ${j + 1}.`,
      };
    }
    if (velocity !== 0) still = false;
  }
  return still ? ALLOWED : undefined;
}
