import type { SolverName } from "./protocol.js";

/** A solver with a population, and the numbers of iterations it is run with. */
export interface Contender {
  readonly key: string;
  readonly name: string;
  readonly solver: SolverName;
  readonly candidates: number;
  readonly elites: number;
  /** Rising; the last is the budget that its authors give it, where they do. Ours go on, to see whether they get as far. */
  readonly iterations: readonly number[];
  readonly ours: boolean;
}

/** The authors' populations. */
const CONVENTIONAL = { candidates: 300, elites: 30, iterations: [1, 2, 4, 8, 15, 30] } as const;
const VJEPA2_AC = { candidates: 400, elites: 10, iterations: [1, 2, 4, 7, 10] } as const;
/** The shipped bundle's. */
const SMALL = { candidates: 128, elites: 12, iterations: [1, 2, 4, 8, 15, 30, 60, 120] } as const;
/** The same four iterations, and for each one more as many roll-outs of the refinement (`planner.refinement`). */
const SMALL_REFINED = { candidates: 128, elites: 12, iterations: [1, 2, 4, 6, 8, 12, 16, 24, 30, 60] } as const;
/** The same for the others: enough for the same budget, and for whether a small population is the better one for them. */
const SMALL_PEER = { candidates: 128, elites: 12, iterations: [2, 4, 8, 15] } as const;

type Sizes = Pick<Contender, "candidates" | "elites" | "iterations">;

const own = (key: string, name: string, solver: SolverName, sizes: Sizes): Contender => ({ key, name, solver, ...sizes, ours: true });
const peer = (key: string, name: string, solver: SolverName, sizes: Sizes): Contender =>
  ({ key, name, solver, ...sizes, ours: false });

export const CONTENDERS: readonly Contender[] = [
  own("own-shipped", "jepa-mpc iCEM, as shipped", "own_shipped", SMALL),
  own("own-refined", "jepa-mpc iCEM, then refinement", "own_refined", SMALL_REFINED),
  own("own-without-policy", "jepa-mpc iCEM, without the policy", "own_without_policy", SMALL),
  own("own-cem-small", "jepa-mpc CEM", "own_cem", SMALL_PEER),
  own("own-cem", "jepa-mpc CEM", "own_cem", CONVENTIONAL),
  peer("swm-cem-small", "stable-worldmodel CEM", "swm_cem", SMALL_PEER),
  peer("swm-cem", "stable-worldmodel CEM", "swm_cem", CONVENTIONAL),
  peer("swm-icem-small", "stable-worldmodel iCEM", "swm_icem", SMALL_PEER),
  peer("swm-icem", "stable-worldmodel iCEM", "swm_icem", CONVENTIONAL),
  peer("swm-mppi-small", "stable-worldmodel MPPI", "swm_mppi", SMALL_PEER),
  peer("swm-mppi", "stable-worldmodel MPPI", "swm_mppi", CONVENTIONAL),
  peer("dino-wm-small", "CEM as DINO-WM", "dino_wm", SMALL_PEER),
  peer("dino-wm", "CEM as DINO-WM", "dino_wm", CONVENTIONAL),
  peer("vjepa2-ac-small", "CEM as V-JEPA 2-AC", "vjepa2_ac", SMALL_PEER),
  peer("vjepa2-ac", "CEM as V-JEPA 2-AC", "vjepa2_ac", VJEPA2_AC),
];

/** As many iterations as the authors' longest have. */
export const MOST_ITERATIONS = 30;
/** What is compared on the same budget: as many candidates and iterations as the shipped bundle has. */
export const SAME_BUDGET_ITERATIONS = 4;
