import type { PlanProblem } from "../src/planner/index.js";
import type { OnnxWorldModel } from "../src/world-model/index.js";

/** Values of the proprioception that are not 0 in the middle of a workspace, by name (SI units). */
const MIDDLE: Readonly<Record<string, number>> = { ee_x: 0.4, ee_z: 0.3, gripper_opening: 0.04 };

/**
 * Planning problems that have an answer in the model: the start is a picture with coloured squares, the goal the latent to which a
 * random action, held over the horizon, leads. The same numbers of problems always give the same problems.
 */
export async function reachableProblems(model: OnnxWorldModel, count: number): Promise<PlanProblem[]> {
  const { low, high } = model.manifest.action;
  const bounds = { low: Float32Array.from(low), high: Float32Array.from(high) };
  const state = Float32Array.from(model.manifest.state.names, (name) => MIDDLE[name] ?? 0);
  let seed = 12345;
  const uniform = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;

  const problems: PlanProblem[] = [];
  for (let i = 0; i < count; i++) {
    const latent = await model.encode(squares(model.imageWidth, model.imageHeight, uniform));
    const held = low.map((value, a) => value + uniform() * (high[a]! - value));
    const actions = Float32Array.from({ length: model.horizon * held.length }, (_, at) => held[at % held.length]!);
    const goal = (await model.rollOut(latent, state, actions, 1)).latents.slice();
    problems.push({
      horizon: model.horizon,
      bounds,
      score: async (candidates, n) => (await model.score(latent, state, candidates, n, goal)).stepEnergies,
    });
  }
  return problems;
}

function squares(width: number, height: number, uniform: () => number): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(width * height * 3).fill(90);
  const size = Math.max(1, Math.floor(Math.min(width, height) / 8));
  for (const rgb of [[220, 40, 30], [40, 200, 60], [40, 60, 220]]) {
    const left = Math.floor(uniform() * (width - size));
    const top = Math.floor(uniform() * (height - size));
    for (let y = top; y < top + size; y++) {
      for (let x = left; x < left + size; x++) {
        data.set(rgb, (y * width + x) * 3);
      }
    }
  }
  return { width, height, data };
}
