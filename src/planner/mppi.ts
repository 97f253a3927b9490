import { CrossEntropySearch, type CrossEntropyOptions } from "./cross-entropy-search.js";

/** What is to be set of an MPPI: `temperature` in the place of `refit`. */
export type MppiOptions = Partial<Omit<CrossEntropyOptions, "refit">> & {
  /** Share of the elites' range of energies at which a weight has fallen to 1/e. Default 0.25. */
  readonly temperature?: number;
  /** Whether the deviation stays as it began (Williams et al. 2017), or follows the weighted elites (TD-MPC). Default `refitted`. */
  readonly width?: "refitted" | "kept";
};

/**
 * Model predictive path integral control (Williams et al., "Information theoretic MPC for model-based reinforcement learning", ICRA 2017): the mean
 * moves to the average of the sequences weighted by exp(-energy / temperature), instead of to that of the elites alike. Iterated, with the weights over elites and
 * the width following them, as in TD-MPC2 (Hansen et al. 2024, section 3.2).
 *
 * The temperature is a share of the elites' range and not an energy, so that one value serves bundles whose energies have other units. Noise along
 * the horizon, mean among the candidates, best sequence ever scored as the answer: as with iCEM.
 */
export class Mppi extends CrossEntropySearch {
  constructor({ temperature = 0.25, width = "refitted", ...options }: MppiOptions = {}) {
    super({
      candidates: 64,
      iterations: 5,
      elites: 16,
      momentum: 0,
      initialStd: 0.5,
      minStd: 0.02,
      noiseExponent: 3,
      populationDecay: 1,
      keptElites: 0,
      ...options,
      refit: { kind: "softmax", temperature, width },
    });
  }
}
