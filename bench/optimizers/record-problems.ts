import type { TaskName } from "../../sim/tasks.js";
import type { PlanRequest } from "../../src/control/planning-service.js";
import { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";

/** One question that a plan answered in a closed-loop episode. */
export type RecordedPlan = Pick<PlanRequest, "state" | "committed" | "goal" | "explorationScale"> & {
  /** Of the picture, [latentDim]. */
  readonly latent: Float32Array;
  /** The energy of staying there. */
  readonly startEnergy: number;
};

/** A plan and the one before it in the same episode, from which a search is warm. */
export interface RecordedProblem {
  readonly task: TaskName;
  readonly seed: number;
  readonly before: RecordedPlan;
  readonly plan: RecordedPlan;
}

export interface RecordingOptions {
  readonly bundle: string;
  readonly tasks: readonly TaskName[];
  /** Of each task, seeds from `firstSeed` on. */
  readonly episodes: number;
  readonly firstSeed: number;
  /** Problems taken of an episode, evenly spaced over its steps. */
  readonly perEpisode: number;
}

/** Runs episodes with the bundle's own search and takes some of the plans that were asked for on the way: pictures as a planner meets them. */
export async function recordProblems({ bundle, tasks, episodes, firstSeed, perEpisode }: RecordingOptions): Promise<RecordedProblem[]> {
  const runner = await SurpriseEpisodes.create(bundle);
  const problems: RecordedProblem[] = [];
  try {
    for (const task of tasks) {
      for (let seed = firstSeed; seed < firstSeed + episodes; seed++) {
        const pairs: RecordedProblem[] = [];
        let before: RecordedPlan | undefined;
        await runner.run({
          task, seed,
          onPlan: async ({ state, committed, goal, explorationScale, shift }, { latent, startEnergy }) => {
            const plan = { state: state.slice(), committed: committed.slice(), goal: goal.slice(), explorationScale, latent: latent.slice(), startEnergy };
            if (before !== undefined && shift === 1) pairs.push({ task, seed, before, plan });
            before = plan;
          },
        });
        const count = Math.min(perEpisode, pairs.length);
        for (let i = 0; i < count; i++) problems.push(pairs[Math.floor((i * pairs.length) / count)]!);
      }
    }
  } finally {
    await runner.close();
  }
  return problems;
}
