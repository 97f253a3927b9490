import { DEFAULT_EXPLORATION_FLOOR, explorationScale } from "../control/exploration-scale.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, withBundleSearch, type PlannerConfig } from "../control/planner-config.js";
import { bundleIdentity, type Manifest, type WorldModel } from "../world-model/index.js";

import type { Episode, EpisodeHeader, EpisodeStep } from "../memory/episode.js";

export interface ReplayOptions {
  readonly model: WorldModel;
  readonly manifest: Manifest;
  /** What it does not say is as the bundle says. */
  readonly search: PlannerConfig;
  /** Of the planner's random numbers. */
  readonly seed: number;
  /** Told before each step. */
  readonly onStep?: (index: number, count: number) => void;
}

/** A recorded step, planned again. */
export interface ReplayedStep {
  readonly index: number;
  /** Euclidean distance of the recorded latent from the one that the same picture has now; left out with another encoder. */
  readonly latentDistance?: number;
  /** Of the picture. */
  readonly startEnergy: number;
  /** Predicted at the end of the new plan. */
  readonly endEnergy: number;
  /** The new plan's objective. */
  readonly energy: number;
  /** Predicted by this bundle at the end of the recorded plan. */
  readonly recordedEndEnergy: number;
  /** Row-major [horizon, actionDim]. */
  readonly actions: Float32Array;
  /** Of the first action that was free, new minus recorded, [actionDim]; left out where the recorded plan had none. */
  readonly actionDifference?: Float32Array;
  readonly encodeMs: number;
  readonly planMs: number;
  readonly candidates: number;
}

/** A whole episode, planned again. */
export interface Replay {
  readonly bundle: string;
  readonly sameEncoder: boolean;
  readonly sameRollout: boolean;
  readonly method: PlannerConfig["kind"];
  readonly actionUnits: readonly string[];
  readonly steps: readonly ReplayedStep[];
}

/**
 * Looks at every recorded picture again and plans from it toward the goal that was gone for then, from the recorded state and with the recorded committed actions.
 * Nothing moves: each step begins where the episode was, not where the new plan would have led. The search has no deadline and no objective terms.
 *
 * @throws Error with one line: the bundle's actions or states are others, or a goal has no picture that another encoder could look at.
 */
export async function replayEpisode({ header, steps }: Episode, { model, manifest, search, seed, onStep }: ReplayOptions): Promise<Replay> {
  refuseOthers(header, manifest);
  const { encoderSha256, rolloutSha256 } = bundleIdentity(manifest);
  const sameEncoder = encoderSha256 === header.bundle.encoderSha256;
  const sameRollout = rolloutSha256 === header.bundle.rolloutSha256;
  const config = withBundleSearch({ ...search, options: { ...search.options, seed } }, manifest);
  const service = new InThreadPlanningService({
    model, planner: createPlanner(config), bounds: { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) },
  });
  const goals = sameEncoder ? header.subGoals.map(({ latent }) => latent) : await goalsAgain(header, manifest, service);
  const floor = manifest.planning?.exploration_floor ?? DEFAULT_EXPLORATION_FLOOR;
  const replayed: ReplayedStep[] = [];
  let [before, firstEnergy]: [EpisodeStep | undefined, number | undefined] = [undefined, undefined];
  for (const step of steps) {
    onStep?.(step.index, steps.length);
    const goal = goals[step.subGoal]!;
    const next = before?.index === step.index - 1 && before.subGoal === step.subGoal;
    if (!next) {
      service.reset(seed);
      firstEnergy = undefined;
    }
    const { actionDim, horizon } = model;
    // A plan that was made whole in advance has no free action left to compare.
    const committed = step.actions.slice(0, Math.min(step.committed, horizon - 1) * actionDim);
    const result = await service.plan({
      image: step.image, state: step.state, committed, goal, deadlineMs: Infinity, shift: next ? 1 : 0,
      explorationScale: explorationScale(firstEnergy === undefined ? undefined : replayed.at(-1)!.startEnergy / firstEnergy, floor),
    });
    firstEnergy ??= result.startEnergy;
    const recorded = step.actions.length === horizon * actionDim ? await service.score({ latent: result.latent, state: step.state, actions: step.actions, count: 1, goal }) : undefined;
    const free = step.committed * actionDim;
    replayed.push({
      index: step.index, ...(sameEncoder ? { latentDistance: Math.hypot(...result.latent.map((value, i) => value - step.latent[i]!)) } : {}),
      startEnergy: result.startEnergy, endEnergy: result.stepEnergies.at(-1)!, energy: result.energy, recordedEndEnergy: recorded?.[horizon - 1] ?? NaN,
      actions: result.actions, encodeMs: result.encodeMs, planMs: result.planMs, candidates: result.candidates,
      ...(free + actionDim > step.actions.length || free + actionDim > result.actions.length ? {} : {
        actionDifference: Float32Array.from({ length: actionDim }, (_, a) => result.actions[free + a]! - step.actions[free + a]!),
      }),
    });
    before = step;
  }
  return { bundle: manifest.name, sameEncoder, sameRollout, method: config.kind, actionUnits: manifest.action.units, steps: replayed };
}

function refuseOthers({ actionNames, stateNames, bundle }: EpisodeHeader, { name, action, state }: Manifest): void {
  for (const [what, recorded, own] of [["actions", actionNames, action.names], ["states", stateNames, state.names]] as const) {
    if (recorded.join() !== own.join()) {
      throw new Error(`bundle ${name} has the ${what} ${own.join(",")}, the episode (of ${bundle.name}) has ${recorded.join(",")}: give a bundle with the same`);
    }
  }
}

async function goalsAgain({ subGoals }: EpisodeHeader, { name }: Manifest, service: InThreadPlanningService): Promise<Float32Array[]> {
  const goals: Float32Array[] = [];
  for (const { name: goal, image } of subGoals) {
    if (image === undefined) throw new Error(`the goal ${JSON.stringify(goal)} was recorded without its picture, which bundle ${name} would have to look at: replay with the bundle of the recording`);
    goals.push(await service.encode(image));
  }
  return goals;
}
