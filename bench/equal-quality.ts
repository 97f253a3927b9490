import { performance } from "node:perf_hooks";
import { Cem, Icem, type CrossEntropySearch, type PlanProblem } from "../src/planner/index.js";
import { mean, median } from "./statistics.js";

/** What one planner setting reaches, over all problems and seeds. */
export interface Quality {
  readonly planner: "CEM" | "iCEM";
  readonly candidates: number;
  readonly iterations: number;
  /** Sequences rolled out a plan. */
  readonly rollouts: number;
  /** Mean energy of the answers. */
  readonly energy: number;
  readonly medianMs: number;
}

/** CEM with the full budget, and iCEM with growing ones until its answers are as good. */
export interface EqualQuality {
  readonly cem: Quality;
  readonly icem: readonly Quality[];
  /** The first of `icem` that is not worse than `cem`; undefined when none is. */
  readonly enough: Quality | undefined;
}

const POPULATIONS = [20, 24, 32, 40, 48, 64, 96, 128, 192, 256];

/** Looks for the smallest population with which iCEM's answers are as good as CEM's, cold started. */
export async function equalQuality(problems: readonly PlanProblem[], candidates: number, iterations: number): Promise<EqualQuality> {
  const cem = await quality("CEM", new Cem({ candidates, iterations, elites: Math.max(2, Math.round(candidates / 10)) }), candidates, iterations, problems);
  const icem: Quality[] = [];
  for (const population of POPULATIONS.filter((size) => size <= candidates)) {
    const reached = await quality("iCEM", new Icem({ candidates: population, iterations }), population, iterations, problems);
    icem.push(reached);
    if (reached.energy <= cem.energy) {
      return { cem, icem, enough: reached };
    }
  }
  return { cem, icem, enough: undefined };
}

async function quality(
  name: Quality["planner"], planner: CrossEntropySearch, candidates: number, iterations: number, problems: readonly PlanProblem[],
): Promise<Quality> {
  const energies: number[] = [];
  const times: number[] = [];
  let rollouts = 0;
  for (let seed = 0; seed < 3; seed++) {
    for (const [i, problem] of problems.entries()) {
      planner.reset(1000 * seed + i);
      const begin = performance.now();
      const plan = await planner.plan(problem, { deadlineMs: Infinity, now: () => performance.now() });
      times.push(performance.now() - begin);
      energies.push(plan.energy);
      rollouts = plan.candidates;
    }
  }
  return { planner: name, candidates, iterations, rollouts, energy: mean(energies), medianMs: median(times) };
}
