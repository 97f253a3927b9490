import { cpus } from "node:os";

import { quantile } from "../../src/evaluation/statistics.js";
import type { Contender } from "./contenders.js";
import { MOST_ITERATIONS, SAME_BUDGET_ITERATIONS } from "./contenders.js";
import type { Results } from "./results.js";
import { gap, type Race, race, speedUp, timeToEnergy } from "./time-to-energy.js";

/** How near to the lowest known energy, as shares of the way from standing still. */
const NEAR = [0.1, 0.05, 0.02, 0.01] as const;
/** The project's own goal. */
const WANTED = 10;
const OURS = "own-shipped";
/** Who races against the peers: the shipped search, going on as it is meant to where there is time. */
const RACING = "own-refined";

/** Markdown of what was measured. */
export function report(results: Results): string {
  const { contenders, curves, cores, repeats, problems, parity, load, made, processes } = results;
  const of = (key: string): readonly Results["curves"][number][] => curves.filter(({ contender }) => contender === key);
  const same = contenders.filter(({ candidates, iterations }) => candidates === contenders[0]!.candidates && iterations.includes(SAME_BUDGET_ITERATIONS));
  const cpu = cpus();
  const peers = contenders.filter(({ ours }) => !ours);
  return [
    `${results.gripper === "free" ? "The gripper may be anything between open and closed (the shipped search without its rule for it)" : "The gripper is open or closed in every answer"}. ${problems.length} problems (${[...new Set(problems.map(({ task }) => task))].join(", ")}; seeds ${problems[0]!.seed} to ${problems.at(-1)!.seed}) with ${repeats} seed${repeats === 1 ? "" : "s"} of the search each, ${results.horizon} steps. `
    + `Made on ${made} on ${cpu.length} cores (${cpu[0]?.model.trim() ?? "unknown"}), each process on processor${cores.length === 1 ? "" : "s"} ${cores.join(" and ")} alone with ${cores.length} thread${cores.length === 1 ? "" : "s"}; `
    + `load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after: ${load.before > 0.7 ? "**other work ran beside it**, so times are upper bounds and what holds are the ratios" : "the machine was quiet"}.`,
    "",
    `${[...new Set(processes)].join("; ")}. Parity before timing: latents of ${parity.pictures} pictures differ by at most ${parity.latent.toExponential(1)}, energies of ${parity.candidates} random candidates a problem by at most ${parity.energy.toExponential(1)} (limit 1e-4).`,
    "",
    `**The same budget**: ${same[0]!.candidates} candidates, ${SAME_BUDGET_ITERATIONS} iterations.`,
    "",
    ...budgetTable(same.map((contender) => ({ contender, iterations: SAME_BUDGET_ITERATIONS }))),
    "",
    "**The authors' budgets**, and the same number of iterations for ours.",
    "",
    ...budgetTable(contenders.filter(({ ours, candidates, key }) => key === OURS || key === RACING || !(candidates === same[0]!.candidates) || (ours && key === "own-without-policy"))
      .map((contender) => ({ contender, iterations: Math.min(MOST_ITERATIONS, contender.iterations.at(-1)!) }))),
    "",
    `**Time to the same energy**: to what each peer's answer has after all of its iterations, by ${nameOf(racing())} and by itself (with the smallest budget that gave it). The goal of the project is ${WANTED} times.`,
    "",
    "| peer | its time to its own energy, median | ours, median | times faster, median (10 % to 90 %) | ours reaches it | 10 times? |",
    "|---|---|---|---|---|---|",
    ...peers.map(raceRow),
    "",
    goal(),
    "",
    `**Time to near the lowest energy known** of a problem (of all answers here), as a share of the way down from standing still: median over all plans, where at least half of them got there; and how many did.`,
    "",
    `| solver | population | ${NEAR.map((share) => `within ${(100 * share).toFixed(0)} %`).join(" | ")} |`,
    `|---|---|${NEAR.map(() => "---|").join("")}`,
    ...contenders.map(nearRow),
  ].join("\n");

  function contender(key: string): Contender {
    return contenders.find((one) => one.key === key)!;
  }

  function racing(): Contender {
    return contenders.find(({ key }) => key === RACING) ?? contender(OURS);
  }

  function budgetTable(rows: readonly { readonly contender: Contender; readonly iterations: number }[]): string[] {
    const ours = rows.find(({ contender: { key } }) => key === OURS)!;
    const base = quantile(pointsOf(ours).map(({ ms }) => ms), 0.5);
    return [
      "| solver | candidates x iterations | rolled out | plan, median (10 % to 90 %) | times ours | energy, mean | gap to the lowest, median |",
      "|---|---|---|---|---|---|---|",
      ...rows.map((row) => {
        const points = pointsOf(row);
        const times = points.map(({ ms }) => ms);
        const median = quantile(times, 0.5);
        return `| ${[
          nameOf(row.contender), `${row.contender.candidates} x ${row.iterations}`, Math.round(quantile(points.map(({ rollouts }) => rollouts), 0.5)),
          `${ms(median)} (${ms(quantile(times, 0.1))} to ${ms(quantile(times, 0.9))}) ms`, (median / base).toFixed(1),
          (points.reduce((sum, { energy }) => sum + energy, 0) / points.length).toFixed(4), percent(quantile(points.map((point) => gap(point.energy, point.scale)), 0.5)),
        ].join(" | ")} |`;
      }),
    ];
  }

  function pointsOf({ contender: { key }, iterations }: { readonly contender: Contender; readonly iterations: number }): { readonly ms: number; readonly energy: number; readonly rollouts: number; readonly scale: Results["scales"][number] }[] {
    return of(key).flatMap((curve) => curve.points.filter((point) => point.iterations === iterations).map((point) => ({ ...point, scale: results.scales[curve.problem]! })));
  }

  function racesOf(peer: Contender): Race[] {
    return of(peer.key).map((curve) => race(of(racing().key).find((own) => own.problem === curve.problem && own.repeat === curve.repeat)!.points, curve.points));
  }

  function goal(): string {
    const met = peers.filter((peer) => quantile(racesOf(peer).map(speedUp), 0.5) >= WANTED);
    return `The goal, ${WANTED} times as fast to the same energy in the median (an energy that is not reached counts as 0 times), is ${met.length === peers.length ? "met against all of them" : met.length === 0 ? "**not met** against any of them" : `met against ${met.length} of ${peers.length}, and **not met** against the others`}.`;
  }

  function raceRow(peer: Contender): string {
    const races = racesOf(peer);
    const times = races.map(speedUp);
    const reached = races.flatMap(({ ownMs }) => (ownMs === undefined ? [] : [ownMs]));
    const median = quantile(times, 0.5);
    return `| ${[
      `${nameOf(peer)}, ${peer.candidates} x ${peer.iterations.at(-1)!}`, `${ms(quantile(races.map(({ peerMs }) => peerMs), 0.5))} ms`, reached.length === 0 ? "never" : `${ms(quantile(reached, 0.5))} ms`,
      `${median.toFixed(1)} (${quantile(times, 0.1).toFixed(1)} to ${quantile(times, 0.9).toFixed(1)})`, `${reached.length} of ${races.length}`, median >= WANTED ? "yes" : "**no**",
    ].join(" | ")} |`;
  }

  function nearRow(one: Contender): string {
    const cells = NEAR.map((share) => {
      const times = of(one.key).map((curve) => {
        const { lowest, start } = results.scales[curve.problem]!;
        return timeToEnergy(curve.points, lowest + share * (start - lowest)) ?? Infinity;
      });
      const reached = times.filter(Number.isFinite).length / times.length;
      return `${reached < 0.5 ? "–" : `${ms(sortedMedian(times))} ms`} (${percent(reached)})`;
    });
    return `| ${[nameOf(one), one.candidates, ...cells].join(" | ")} |`;
  }
}

function nameOf({ name }: Contender): string {
  return name;
}

/** The lower median, which is a number where at least half of the values are. */
function sortedMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
