import type { WorldModel } from "./types.js";

/** The scene that a plan begins with. */
export interface ProposedScene {
  /** [latentDim] each. */
  readonly latent: Float32Array;
  readonly goal: Float32Array;
  /** [stateDim] */
  readonly state: Float32Array;
  /** Actions that are decided, row-major [steps, actionDim]. */
  readonly committed: Float32Array;
}

/** What of a world model a search may ask for candidates: nothing where the bundle has no policy. */
export function proposer(
  model: Pick<WorldModel, "propose">, { latent, state, goal, committed }: ProposedScene,
): { readonly propose?: (noise: Float32Array, count: number) => Promise<Float32Array> } {
  if (model.propose === undefined) return {};
  return { propose: (noise, count) => model.propose!(latent, state, goal, committed, noise, count) };
}
