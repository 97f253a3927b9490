import type { EncodedEpisode } from "./read-encoded-episode.js";

/** Unbroken stretches of what was lived through, one after the other: what a model learns on from. */
export interface Experience {
  /** `episode` counts from 0 in the order in which they were lived; a stretch has one frame more than periods. */
  readonly stretches: readonly { readonly episode: number; readonly id: string; readonly periods: number }[];
  /** [frames, latentDim] */
  readonly latents: Float32Array;
  /** [frames, stateDim] */
  readonly states: Float32Array;
  /** [periods, actionDim]: what was executed. */
  readonly actions: Float32Array;
  readonly frames: number;
  readonly periods: number;
}

/** Steps that are so much nearer or farther apart than a period are not neighbours: in between the arm held, or a step was dropped. */
const MOST_JITTER = 0.3;

/**
 * Takes out of episodes what was seen, and what was executed between: the first row of a step's plan leads to the next step's picture.
 *
 * @param episodes the oldest first; all of one encoder.
 */
export function experienceOf(episodes: Iterable<Pick<EncodedEpisode, "header" | "steps">>): Experience {
  const stretches: { episode: number; id: string; periods: number }[] = [];
  const latents: number[] = [];
  const states: number[] = [];
  const actions: number[] = [];
  let frames = 0;
  let periods = 0;
  let number = 0;
  for (const { header: { id, periodS, actionNames }, steps } of episodes) {
    let first = 0;
    for (let i = 1; i <= steps.length; i++) {
      const [before, step] = [steps[i - 1]!, steps[i]];
      if (step !== undefined && step.index === before.index + 1 && Math.abs(step.timeS - before.timeS - periodS) <= MOST_JITTER * periodS) continue;
      if (i - first > 1) {
        for (let k = first; k < i; k++) {
          const { latent, state, actions: plan } = steps[k]!;
          latents.push(...latent);
          states.push(...state);
          if (k < i - 1) actions.push(...plan.subarray(0, actionNames.length));
        }
        stretches.push({ episode: number, id, periods: i - first - 1 });
        frames += i - first;
        periods += i - first - 1;
      }
      first = i;
    }
    number++;
  }
  return { stretches, latents: Float32Array.from(latents), states: Float32Array.from(states), actions: Float32Array.from(actions), frames, periods };
}
