import { episodeId } from "../../src/memory/episode-id.js";
import { Random } from "../../src/planner/random.js";

import type { RgbImage } from "../../src/camera/types.js";
import type { Episode, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "../../src/memory/episode.js";

export interface MadeUp {
  readonly seed: number;
  readonly steps?: number;
  readonly side?: number;
  readonly startedAt?: Date;
  readonly goal?: string;
  readonly encoderSha256?: string;
  readonly rolloutSha256?: string;
  readonly subGoals?: number;
  readonly outcome?: Partial<EpisodeOutcome>;
}

const LATENT_DIM = 10;
const HORIZON = 6;
const ACTIONS = ["dx", "dy", "dz", "gripper"];
const STATES = ["ee_x", "ee_y", "ee_z", "gripper"];
const JOINTS = ["joint1", "joint2", "joint3"];

/** An episode of the form that the shipped bundle's have, of random numbers. */
export function madeUpEpisode({
  seed, steps = 5, side = 24, startedAt = new Date(Date.UTC(2026, 10, 23, 4, 40, seed % 60, seed % 1000)), goal = "cup-left", encoderSha256 = "e".repeat(64),
  rolloutSha256 = "f".repeat(64), subGoals = 1, outcome = {},
}: MadeUp): Episode {
  const numbers = new Random(seed);
  const random = (): number => numbers.uniform();
  const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random() - 0.5);
  const header: EpisodeHeader = {
    id: episodeId(startedAt), startedAt: startedAt.toISOString(), source: "simulation", bundle: { name: "arm-objects-jepa", encoderSha256, rolloutSha256 },
    calibration: "{\"turn_rad\":0.1}", periodS: 0.2, actionNames: ACTIONS, stateNames: STATES, jointNames: JOINTS, goal,
    subGoals: Array.from({ length: subGoals }, (_, i) => ({ name: `${goal}-${i}`, latent: floats(LATENT_DIM), ...(i === 0 ? { image: picture(random, side) } : {}) })),
    reachedBelow: 0.05,
  };
  return {
    header,
    steps: Array.from({ length: steps }, (_, index): EpisodeStep => ({
      index, timeS: 0.2 * index + 0.0123456789, image: picture(random, side), jointPositions: Float64Array.from(JOINTS, random), jointVelocities: Float64Array.from(JOINTS, random),
      state: floats(STATES.length), latent: floats(LATENT_DIM), subGoal: Math.min(subGoals - 1, Math.floor((index * subGoals) / steps)), committed: index === 0 ? 0 : 1,
      actions: floats(HORIZON * ACTIONS.length), stepEnergies: floats(HORIZON), startEnergy: random(), energy: index === 2 ? Infinity : random(), iterations: 3, candidates: 64,
      encodeMs: 2 * random(), planMs: 90 * random(), terms: [{ name: "energy", weight: 1, mean: random(), best: random() }, { name: "my.term", weight: 0.1, mean: NaN, best: 3 }],
      ...(index === 0 ? {} : { predicted: floats(LATENT_DIM), unlikeness: random() }),
    })),
    events: [
      { timeS: 0, state: "planning", sentence: "Starting for \"cup-left\"." },
      { timeS: 0.61, state: "holding", holdReason: "plan_late", sentence: "Holding: „Tässle 🫖“ is not ready – 160 ms." },
    ],
    outcome: { kind: "reached", sentence: "Reached \"cup-left\".", steps, endedAt: new Date(startedAt.getTime() + 200 * steps).toISOString(), ...outcome },
  };
}

function picture(random: () => number, side: number): RgbImage {
  // Smooth with some noise, as a camera's is.
  return {
    width: side, height: side,
    data: Uint8Array.from({ length: 3 * side * side }, (_, i) => 40 + (150 * (i % (3 * side))) / (3 * side) + 6 * random()),
  };
}
