import { armEntries } from "../control/surprise-reference.js";
import { unlikeness } from "../surprise/index.js";
import { restActions } from "./open-model.js";
import { planOffline } from "./plan-offline.js";
import { shortNumber } from "./print.js";

import type { RgbImage } from "../camera/types.js";
import type { Manifest, OnnxWorldModel } from "../world-model/index.js";

/** How a goal looks from where the robot is. */
export type Outlook = "there" | "within_horizon" | "several_horizons" | "unlike_training" | "no_way";

export interface Assessment {
  readonly outlook: Outlook;
  /** One sentence with the reasons. */
  readonly sentence: string;
  /** Energy of the scene as it is, and below which it counts as reached. */
  readonly startEnergy: number;
  readonly reachedBelow: number;
  /** Where that energy lies among those of training. */
  readonly against: string;
  /** Energy at the end of the best plan that was found, and of doing nothing. */
  readonly endEnergy: number;
  readonly restEnergy: number;
  /** Predicted state after that plan, [stateDim], in the manifest's order and units. */
  readonly endState: Float32Array;
  /** How far things are from the goal, now and after the plan, where the latent can be read. */
  readonly apart: readonly Apart[];
}

/** One thing that the latent says: its distance from where the goal has it. */
export interface Apart {
  readonly name: string;
  readonly unit: string;
  readonly now: number;
  readonly end: number;
}

export interface Scene {
  /** [latentDim] */
  readonly latent: Float32Array;
  /** [stateDim] */
  readonly state: Float32Array;
  /** Of its picture as a share of what is refused; undefined where the bundle does not say. */
  readonly unlike?: number | undefined;
}

/** A plan is a way when the energy falls by at least this share within the horizon. */
const LEAST_FALL = 0.1;

/** Says whether a goal looks reachable, by one offline plan. Nothing moves. @param tolerance default: the bundle's. */
export async function assessGoal(model: OnnxWorldModel, now: Scene, goal: Omit<Scene, "state">, options: { readonly tolerance?: number | undefined; readonly seed: number }): Promise<Assessment> {
  const { manifest } = model;
  const { latent: start, state } = now;
  const { tolerance: reachedBelow = manifest.energy.reached_below, seed } = options;
  const found = await planOffline(model, { start, goal: goal.latent, state, rest: await restActions(model, state), seed, search: { kind: "icem" } });
  const horizon = found.plan.stepEnergies.length;
  const [endEnergy, restEnergy] = [found.plan.stepEnergies[horizon - 1]!, found.restEnergies[horizon - 1]!];
  const ends = await model.rollOut(start, state, found.plan.actions, 1);
  const facts = {
    startEnergy: found.startEnergy, reachedBelow, against: against(found.startEnergy, manifest), endEnergy, restEnergy,
    endState: ends.states.slice(), apart: apart(manifest, start, ends.latents, goal.latent),
  };
  const fall = 1 - endEnergy / Math.min(found.startEnergy, restEnergy);
  const spanS = horizon * manifest.action.period_s;
  const energies = `energy ${shortNumber(facts.startEnergy)} now, ${shortNumber(endEnergy)} after the best plan of ${shortNumber(spanS)} s, below ${shortNumber(reachedBelow)} counts`;
  const judged = ((): Pick<Assessment, "outlook" | "sentence"> => {
    if ((goal.unlike ?? 0) > 1) {
      return { outlook: "unlike_training", sentence: `No: its picture is unlike those of training (${goal.unlike!.toFixed(1)} times the threshold); the controller would refuse it. Take it with this camera in this place.` };
    }
    if ((now.unlike ?? 0) > 1) {
      return { outlook: "unlike_training", sentence: `No: the scene's picture is unlike those of training (${now.unlike!.toFixed(1)} times the threshold); the controller would hold. Is the lens covered, or the camera moved?` };
    }
    if (facts.startEnergy < reachedBelow) return { outlook: "there", sentence: `Yes: it is there already (${energies}).` };
    if (endEnergy < reachedBelow) return { outlook: "within_horizon", sentence: `Yes: within one horizon (${energies}).` };
    if (fall >= LEAST_FALL) {
      return { outlook: "several_horizons", sentence: `Perhaps: not within one horizon, but the energy falls by ${(100 * fall).toFixed(0)} % (${energies}). A sub-goal between may help.` };
    }
    return { outlook: "no_way", sentence: `No: no plan gets nearer (${energies}, ${facts.against}). Put a sub-goal between, or begin elsewhere.` };
  })();
  return { ...judged, ...facts };
}

/** A picture's latent, and how unlike those of training it is as a share of the threshold that holds for it. */
export async function lookAt(model: OnnxWorldModel, image: RgbImage, as: "goal" | "picture"): Promise<{ readonly latent: Float32Array; readonly unlike: number | undefined }> {
  const threshold = model.manifest.surprise?.[as]?.threshold;
  if (threshold === undefined || model.encodeWithFeatures === undefined) return { latent: await model.encode(image), unlike: undefined };
  const { latent, features } = await model.encodeWithFeatures(image);
  return { latent, unlike: unlikeness(features) / threshold };
}

/** The state of a robot that stands where a latent shows it; undefined where the latent cannot be read so far. @param given for what the latent does not say. */
export function stateShown(manifest: Manifest, latent: Float32Array, given?: Float32Array): Float32Array | undefined {
  const entries = armEntries(manifest);
  const said = new Set(entries.map((entry) => entry.state));
  const isRate = (i: number): boolean => manifest.state.units[i]!.endsWith("/s");
  if (given === undefined && manifest.state.names.some((_, i) => !said.has(i) && !isRate(i))) return undefined;
  const state = given === undefined ? new Float32Array(manifest.state.names.length) : given.map((value, i) => (isRate(i) ? 0 : value));
  for (const { latent: entry, state: index, mean, std } of entries) state[index] = mean + std * latent[entry]!;
  return state;
}

function against(energy: number, { energy: { noise_floor: noise, training_quantiles: { p50, p95, p99 } } }: Manifest): string {
  if (energy <= noise) return "no more than between two pictures of one scene";
  if (energy <= p50) return "nearer than half of the pairs of training";
  if (energy <= p95) return "as far as pairs of training";
  return energy <= p99 ? "farther than 95 % of the pairs of training" : "farther than 99 % of the pairs of training";
}

/** Distances of what the latent says: of names with _x, _y and _z together, of others alone. */
function apart({ latent: { readable } }: Manifest, start: Float32Array, end: Float32Array, goal: Float32Array): Apart[] {
  if (readable === undefined) return [];
  const groups = new Map<string, number[]>();
  readable.names.forEach((name, i) => {
    const stem = name.replace(/_[xyz]$/, "");
    groups.set(stem, [...(groups.get(stem) ?? []), i]);
  });
  const distance = (indices: readonly number[], from: Float32Array): number => Math.hypot(...indices.map((i) => readable.std[i]! * (from[i]! - goal[i]!)));
  return [...groups].map(([name, indices]) => ({ name, unit: readable.units[indices[0]!]!, now: distance(indices, start), end: distance(indices, end) }));
}
