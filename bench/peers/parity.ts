import type { OnnxWorldModel } from "../../src/world-model/index.js";
import { Random } from "../../sim/random.js";
import type { PicturedProblem } from "./problems.js";
import type { ModelParity } from "./results.js";
import type { SolverProcess } from "./solver-process.js";

const CANDIDATES = 256;
/** Energies and latents that differ by more are not those of the same model. */
const LIMIT = 1e-4;

/**
 * Holds the model of a Python process against the exported one: the latents of all pictures, and the energies of random candidates, drawn half as wide again as the box.
 *
 * @throws Error with one line when they differ.
 */
export async function checkParity(model: OnnxWorldModel, python: SolverProcess, problems: readonly PicturedProblem[]): Promise<ModelParity> {
  const { low, high } = model.manifest.action;
  const random = new Random(1);
  const largest = { latent: 0, energy: 0 };
  for (const { problem, pictures } of problems) {
    for (const [i, wanted] of [problem.latent, problem.goal].entries()) {
      const { latent } = await python.ask({ do: "encode", pixels: Buffer.from(pictures[i]!).toString("base64") });
      largest.latent = Math.max(largest.latent, difference(latent, wanted));
    }
    const actions = Float32Array.from({ length: CANDIDATES * model.horizon * low.length }, (_, i) => {
      const a = i % low.length;
      const [middle, half] = [(low[a]! + high[a]!) / 2, (high[a]! - low[a]!) / 2];
      return middle + 1.5 * half * random.uniform(-1, 1);
    });
    const { energies } = await python.ask({ do: "score", problem, actions: [...actions] });
    const { stepEnergies } = await model.score(Float32Array.from(problem.latent), Float32Array.from(problem.state), actions, CANDIDATES, Float32Array.from(problem.goal));
    largest.energy = Math.max(largest.energy, difference(energies, stepEnergies));
  }
  if (!(largest.latent <= LIMIT && largest.energy <= LIMIT)) {
    throw new Error(`PyTorch's model is not the exported one: latents differ by ${largest.latent.toExponential(1)}, energies by ${largest.energy.toExponential(1)}, at most ${LIMIT} is allowed`);
  }
  return { pictures: 2 * problems.length, candidates: CANDIDATES, ...largest };
}

function difference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    // Unlike Math.max alone, this does not lose a NaN.
    const apart = Math.abs(found[i]! - wanted[i]!);
    largest = Number.isNaN(apart) ? Infinity : Math.max(largest, apart);
  }
  return largest;
}
