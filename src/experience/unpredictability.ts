import { type Experience, type FrameRef, row } from "../chain/types.js";
import type { WorldModel } from "../world-model/index.js";

/**
 * How wrong the model is about what was lived: the energy that it predicts to be left between where a frame's actions lead it within a horizon and where they really led. What the model does not
 * foresee with the very actions that were lived, a planner that searches in the model will not bring about.
 */
export async function unpredictability(model: WorldModel, { stretches, latentDim, stateDim, actionDim }: Experience, { stretch, frame }: FrameRef): Promise<number> {
  const { latents, states, actions, frames } = stretches[stretch]!;
  const steps = Math.min(model.horizon, frames - 1 - frame);
  if (steps === 0) return 0;
  const own = new Float32Array(model.horizon * actionDim);
  own.set(actions.subarray(frame * actionDim, (frame + steps) * actionDim));
  // The energies after the last lived action are not looked at.
  const { stepEnergies } = await model.score(row(latents, latentDim, frame), row(states, stateDim, frame), own, 1, row(latents, latentDim, frame + steps));
  return stepEnergies[steps - 1]!;
}
