import { CrossEntropySearch, type CrossEntropyOptions } from "./cross-entropy-search.js";

/** What is to be set of a CEM; the rest is what makes it one. */
export type CemOptions = Partial<Omit<CrossEntropyOptions, "noiseExponent" | "populationDecay" | "keptElites">>;

/**
 * The cross-entropy method (Rubinstein 1999; as planner over latent models: V-JEPA 2-AC, DINO-WM, PlaNet): white noise, a population
 * of constant size, the distribution refitted to the elites. The reference that iCEM is measured against.
 *
 * Unlike the common form it scores its mean and returns the best sequence ever scored, because the mean of good
 * sequences need not be a good sequence.
 */
export class Cem extends CrossEntropySearch {
  constructor(options: CemOptions = {}) {
    super({
      candidates: 256,
      iterations: 5,
      elites: 26,
      momentum: 0,
      initialStd: 0.5,
      minStd: 0.02,
      ...options,
      noiseExponent: 0,
      populationDecay: 1,
      keptElites: 0,
    });
  }
}
