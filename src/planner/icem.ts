import { CrossEntropySearch, type CrossEntropyOptions } from "./cross-entropy-search.js";

/**
 * The improved cross-entropy method (Pinneri et al., "Sample-efficient Cross-Entropy Method for Real-time Planning", CoRL 2020):
 * coloured noise, elites kept between iterations and shifted into the next plan, a population that decays, the
 * mean among the candidates, the best sequence ever scored as the answer.
 *
 * Elites, share kept, decay, momentum and initial width are the paper's defaults; population, iterations and the noise exponent
 * (the paper has 0.25 to 4, by task) are ours, and so is the floor of the width, which the paper has not.
 */
export class Icem extends CrossEntropySearch {
  constructor(options: Partial<CrossEntropyOptions> = {}) {
    super({
      candidates: 64,
      iterations: 5,
      elites: 10,
      momentum: 0.1,
      initialStd: 0.5,
      minStd: 0.02,
      noiseExponent: 2,
      populationDecay: 1.25,
      keptElites: 0.3,
      ...options,
    });
  }
}
