import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Cem, Icem, Mppi, type CrossEntropyOptions, type CrossEntropySearch, type PlanProblem } from "../../src/planner/index.js";
import { box, noDeadline, pointRobot, quadratic, scoreOf } from "./problems.js";

const refined = (options: Partial<CrossEntropyOptions> = {}): CrossEntropySearch => new Icem({ refinement: { iterations: 4, candidates: 16 }, ...options });

const all: Record<string, (options?: Partial<CrossEntropyOptions>) => CrossEntropySearch> = {
  CEM: (options) => new Cem(options),
  iCEM: (options) => new Icem(options),
  MPPI: (options) => new Mppi({ ...options }),
  "MPPI of constant width": (options) => new Mppi({ width: "kept", ...options }),
  "iCEM with refinement": refined,
};

for (const [name, make] of Object.entries(all)) {
  describe(name, () => {
    test("does not care for the unit of the energies", async () => {
      await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: -10, max: 10 }), async (seed, power) => {
        const problem = pointRobot(6, [0, 0], [0.1, -0.05], 0.04);
        const score: PlanProblem["score"] = async (actions, count) => ((await problem.score(actions, count)) as Float32Array).map((energy) => energy * 2 ** power);
        const [one, other] = [make({ seed }), make({ seed })];
        for (let round = 0; round < 2; round++) {
          const [a, b] = [await one.plan(problem, noDeadline), await other.plan({ ...problem, score }, noDeadline)];
          assert.deepEqual(b.actions, a.actions);
          one.shift(1);
          other.shift(1);
        }
      }), { numRuns: 30 });
    });

    test("takes its memory once: all populations of all plans are in the same place", async () => {
      const problem = quadratic(5, box([-1, 0], [1, 1]), 0.5);
      const buffers = new Set<ArrayBufferLike>();
      const score: PlanProblem["score"] = async (actions, count) => {
        buffers.add(actions.buffer);
        return problem.score(actions, count);
      };
      const planner = make({ switchedDims: [1] });
      for (let plan = 0; plan < 20; plan++) {
        await planner.plan({ ...problem, score, ...(plan % 2 === 0 ? {} : { committed: Float32Array.of(0, 1) }) }, noDeadline);
        planner.shift(1);
        if (plan === 10) planner.reset(3);
      }
      assert.equal(buffers.size, 1);
    });

    test("survives energies that are not numbers, here and there and all at once", async () => {
      await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), async (seed, share) => {
        const problem = quadratic(4, box([-1, -1], [1, 1]), 0.4);
        let calls = 0;
        const score: PlanProblem["score"] = async (actions, count) => {
          const energies = (await problem.score(actions, count)) as Float32Array;
          return energies.map((energy, i) => ((i * 7919 + calls++ * 31) % 1000) / 1000 < share ? [NaN, Infinity, -Infinity][i % 3]! : energy);
        };
        const planner = make({ seed, candidates: 32, elites: 6 });
        for (let round = 0; round < 2; round++) {
          const plan = await planner.plan({ ...problem, score }, noDeadline);
          assert.ok(plan.energy === Infinity || (Number.isFinite(plan.energy) && plan.stepEnergies.every(Number.isFinite)));
          assert.ok(plan.actions.every((action) => action >= -1 && action <= 1));
          planner.shift(1);
        }
        assert.ok(Number.isFinite((await planner.plan(problem, noDeadline)).energy), "and is none the worse for it");
      }), { numRuns: 40 });
    });
  });
}

describe("MPPI", () => {
  const problem = quadratic(4, box([-1], [1]), 0.3);

  test("with much temperature is iCEM, with little its mean is the best sequence", async () => {
    const shared = { candidates: 40, elites: 10, iterations: 3, noiseExponent: 2, populationDecay: 1, keptElites: 0, seed: 5 };
    const seen: Record<string, { actions: Float32Array; energies: number[] }[]> = {};
    const run = async (name: string, planner: CrossEntropySearch): Promise<Float32Array> => {
      const list = seen[name] = [] as { actions: Float32Array; energies: number[] }[];
      await planner.plan({ ...problem, score: scoreOf(4, 1, (x) => [...x].map((a) => (a - 0.3) ** 2), list) }, noDeadline);
      // Row 0 of the second population is the mean after the first refit.
      return list[40]!.actions;
    };
    const icem = await run("icem", new Icem(shared));
    const hot = await run("hot", new Mppi({ ...shared, temperature: 1e6 }));
    for (const [i, value] of hot.entries()) assert.ok(Math.abs(value - icem[i]!) < 1e-4);
    const cold = await run("cold", new Mppi({ ...shared, temperature: 1e-3 }));
    const best = seen["cold"]!.slice(0, 40).reduce((a, b) => (sum(a.energies) <= sum(b.energies) ? a : b)).actions;
    for (const [i, value] of cold.entries()) assert.ok(Math.abs(value - best[i]!) < 1e-3);
    const warm = await run("warm", new Mppi({ ...shared, temperature: 0.25 }));
    assert.ok([...warm].some((value, i) => Math.abs(value - icem[i]!) > 1e-3));
  });

  test("keeps its width when told so, and narrows otherwise", async () => {
    const widthOf = async (width: "kept" | "refitted"): Promise<number> => {
      const seen: { actions: Float32Array; energies: number[] }[] = [];
      const score = scoreOf(3, 1, (x) => [...x].map((a) => a * a), seen);
      await new Mppi({ candidates: 200, iterations: 6, width, initialStd: 0.3 }).plan({ horizon: 3, bounds: box([-1], [1]), score }, noDeadline);
      const last = seen.slice(-200).map(({ actions }) => actions[1]!);
      const mean = sum(last) / last.length;
      return Math.sqrt(sum(last.map((value) => (value - mean) ** 2)) / last.length);
    };
    const kept = await widthOf("kept");
    assert.ok(kept > 0.2 && kept < 0.35, `${kept}`);
    assert.ok(await widthOf("refitted") < 0.1);
  });
});

describe("the refinement", () => {
  test("goes on where a search has become too wide, and never makes an answer worse", async () => {
    const energies = { without: 0, with: 0 };
    for (let seed = 0; seed < 20; seed++) {
      const problem = quadratic(8, box([-1, -1], [1, 1]), 0.35);
      const options = { candidates: 40, iterations: 4, minStd: 0.2, seed };
      const without = await new Icem(options).plan(problem, noDeadline);
      const refinedPlan = await new Icem({ ...options, refinement: { iterations: 10, candidates: 24 } }).plan(problem, noDeadline);
      assert.ok(refinedPlan.energy <= without.energy);
      assert.equal(refinedPlan.iterations, without.iterations + 10);
      assert.equal(refinedPlan.candidates, without.candidates + 240);
      energies.without += without.energy;
      energies.with += refinedPlan.energy;
    }
    assert.ok(energies.with < 0.2 * energies.without, `${energies.with} of ${energies.without}`);
  });

  test("its candidates lie in opposite pairs round the best so far, after a few along the way down", async () => {
    const seen: { actions: Float32Array; energies: number[] }[] = [];
    const score = scoreOf(3, 1, (x) => [...x].map((a) => (a - 0.1) ** 2), seen);
    await new Icem({ candidates: 20, iterations: 1, refinement: { iterations: 2, candidates: 12, scale: 0.01 } }).plan({ horizon: 3, bounds: box([-1], [1]), score }, noDeadline);
    const lowest = (upTo: number): { actions: Float32Array; energies: number[] } => seen.slice(0, upTo).reduce((a, b) => (sum(a.energies) <= sum(b.energies) ? a : b));
    const opposite = (row: number, centre: Float32Array): void => centre.forEach((value, i) =>
      assert.ok(Math.abs(seen[row]!.actions[i]! + seen[row + 1]!.actions[i]! - 2 * value) < 1e-6, `row ${row}`));
    for (let row = 20; row < 32; row += 2) opposite(row, lowest(20).actions);
    for (let row = 36; row < 44; row += 2) opposite(row, lowest(32).actions);
    assert.ok(sum(seen[32]!.energies) < sum(lowest(32).energies), "the first stride goes down");
  });

  test("mends a switch that is a step off, and tries no sequence with two", async () => {
    const horizon = 8;
    const bounds = { low: Float32Array.of(-1, 0), high: Float32Array.of(1, 1) };
    const seen: { actions: Float32Array; energies: number[] }[] = [];
    const score = scoreOf(horizon, 2, (x) => Array.from({ length: horizon }, (_, h) => Math.abs(x[2 * h + 1]! - (h < 5 ? 1 : 0)) + 0.01 * Math.abs(x[2 * h]!)), seen);
    let mended = 0;
    for (let seed = 0; seed < 20; seed++) {
      const options = { switchedDims: [1], candidates: 20, iterations: 1, seed };
      const rough = await new Icem(options).plan({ horizon, bounds, score }, noDeadline);
      const fine = await refined(options).plan({ horizon, bounds, score }, noDeadline);
      const off = ({ stepEnergies }: { stepEnergies: Float32Array }): number => stepEnergies.filter((energy) => energy > 0.5).length;
      if (off(rough) === 1) mended += off(fine) === 0 ? 1 : -1;
    }
    assert.ok(mended > 0, `${mended}`);
    for (const { actions } of seen) {
      const values = Array.from({ length: horizon }, (_, h) => actions[2 * h + 1]!);
      assert.ok(values.every((value) => value === 0 || value === 1), values.join(" "));
      assert.ok(values.filter((value, h) => h > 0 && value !== values[h - 1]).length <= 1, values.join(" "));
    }
  });

  test("has nothing to do where nothing was found", async () => {
    const blind: PlanProblem = { ...quadratic(3, box([-1], [1]), 0.5), score: async (_, count) => new Float32Array(count * 3).fill(NaN) };
    const plan = await refined({ iterations: 2 }).plan(blind, noDeadline);
    assert.equal(plan.energy, Infinity);
    assert.equal(plan.iterations, 2);
  });
});

describe("agreement of the elites", () => {
  test("ends the iterations, is never reached at 0, and the refinement follows", async () => {
    const flat: PlanProblem = { horizon: 2, bounds: box([0], [1]), score: async (_, count) => new Float32Array(count * 2).fill(1) };
    const agreed = await new Icem({ iterations: 9, agreement: 0.01 }).plan(flat, noDeadline);
    assert.deepEqual([agreed.iterations, agreed.ended], [1, "converged"]);
    assert.equal((await new Icem({ iterations: 9 }).plan(flat, noDeadline)).iterations, 9);
    assert.equal((await new Icem({ iterations: 9, agreement: 0.01, refinement: { iterations: 3 } }).plan(flat, noDeadline)).iterations, 4);
  });

  test("the smaller it is asked, the longer the search and the lower the energy", async () => {
    const problem: PlanProblem = { ...quadratic(4, box([-1], [1]), 0.3), score: scoreOf(4, 1, (x) => [...x].map((a) => 1 + (a - 0.3) ** 2)) };
    let iterations = 0;
    let energy = Infinity;
    for (const agreement of [0.5, 0.05, 0.005, 0.0005]) {
      const plan = await new Icem({ candidates: 64, iterations: 60, agreement, minStd: 0 }).plan(problem, noDeadline);
      assert.equal(plan.ended, "converged");
      assert.ok(plan.iterations >= iterations && plan.energy <= energy);
      ({ iterations, energy } = plan);
    }
    assert.ok(energy < 1.001);
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
