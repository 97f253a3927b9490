import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Cem, Icem, Mppi, ScoreFailed, type CrossEntropyOptions, type CrossEntropySearch, type PlanProblem } from "../../src/planner/index.js";
import { box, noDeadline, pointRobot, quadratic, scoreOf } from "./problems.js";

const REFINED = "iCEM with refinement";
const REFINING = 2;
const planners: Record<string, (options?: Partial<CrossEntropyOptions>) => CrossEntropySearch> = {
  CEM: (options) => new Cem(options),
  iCEM: (options) => new Icem(options),
  MPPI: (options) => new Mppi({ ...options }),
  [REFINED]: (options) => new Icem({ refinement: { iterations: REFINING, candidates: 12 }, ...options }),
};

/** What makes a search longer and leaves its beginning as it is. */
function longer(name: string, populations: number): Partial<CrossEntropyOptions> {
  return name === REFINED ? { refinement: { iterations: populations, candidates: 12 } } : { iterations: populations };
}

/** Random problems: a box that need not be symmetric, a target that need not lie in it, some actions already committed. */
const problems = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  horizon: fc.integer({ min: 1, max: 7 }),
  dims: fc.array(fc.record({ low: fc.integer({ min: -40, max: 10 }), width: fc.integer({ min: 0, max: 50 }) }), { minLength: 1, maxLength: 4 }),
  target: fc.double({ min: -20, max: 20, noNaN: true }),
  committedSteps: fc.integer({ min: 0, max: 6 }),
  held: fc.boolean(),
}).map(({ seed, horizon, dims, target, committedSteps, held }) => {
  const bounds = box(dims.map((d) => d.low / 10), dims.map((d) => (d.low + d.width) / 10));
  const steps = Math.min(committedSteps, horizon - 1);
  const committed = Float32Array.from({ length: steps * dims.length }, (_, i) => i / 3 - 1);
  return { seed, held, problem: { ...quadratic(horizon, bounds, target), committed } satisfies PlanProblem };
});

for (const [name, make] of Object.entries(planners)) {
  describe(name, () => {
    test("every candidate keeps the bounds, the committed actions and the held dimensions, over warm starts too", async () => {
      await fc.assert(fc.asyncProperty(problems, async ({ seed, held, problem }) => {
        const { horizon, bounds, committed } = problem;
        const dims = bounds.low.length;
        const seen: { actions: Float32Array; energies: number[] }[] = [];
        const score = scoreOf(horizon, dims, (actions) => Array.from({ length: horizon }, (_, h) => Math.abs(actions[h * dims]! - 0.3)), seen);
        const planner = make({ candidates: 20, elites: 4, iterations: 3, seed, heldDims: held ? [dims - 1] : [] });
        for (let round = 0; round < 3; round++) {
          const plan = await planner.plan({ ...problem, score }, noDeadline);
          seen.push({ actions: plan.actions, energies: [...plan.stepEnergies] });
          planner.shift(round);
        }
        for (const { actions } of seen) {
          for (let i = 0; i < actions.length; i++) {
            if (i < committed.length) {
              assert.equal(actions[i], committed[i]);
            } else {
              assert.ok(actions[i]! >= bounds.low[i % dims]! && actions[i]! <= bounds.high[i % dims]!);
            }
          }
          if (held) {
            for (let h = committed.length / dims; h < horizon; h++) {
              assert.equal(actions[h * dims + dims - 1], actions[horizon * dims - 1]);
            }
          }
        }
      }), { numRuns: 60 });
    });

    test("the same seed gives the same answers, also after reset", async () => {
      await fc.assert(fc.asyncProperty(problems, async ({ seed, problem }) => {
        const run = async (planner: CrossEntropySearch): Promise<unknown[]> => {
          const first = await planner.plan(problem, noDeadline);
          planner.shift(1);
          return [first, await planner.plan(problem, noDeadline)];
        };
        const one = make({ candidates: 20, elites: 4, seed });
        const answers = await run(one);
        assert.deepEqual(await run(make({ candidates: 20, elites: 4, seed })), answers);
        one.reset(seed);
        assert.deepEqual(await run(one), answers);
      }), { numRuns: 40 });
    });

    test("the answer is the lowest energy ever scored: not above the mean's, the warm start's, or that of fewer iterations", async () => {
      await fc.assert(fc.asyncProperty(problems, async ({ seed, problem }) => {
        const { horizon, bounds } = problem;
        let last = Infinity;
        for (const populations of [1, 2, 4, 7]) {
          const planner = make({ candidates: 20, elites: 4, seed, ...longer(name, populations) });
          let lowest = Infinity;
          let warmStart = NaN;
          const score: PlanProblem["score"] = async (actions, count) => {
            const energies = (await problem.score(actions, count)) as Float32Array;
            for (let c = 0; c < count; c++) {
              const mean = energies.subarray(c * horizon, (c + 1) * horizon).reduce((sum, e) => sum + e, 0) / horizon;
              lowest = Math.min(lowest, mean);
              // Before the first refit the mean is the warm start.
              warmStart = Number.isNaN(warmStart) ? mean : warmStart;
            }
            return energies;
          };
          const plan = await planner.plan({ ...problem, score }, noDeadline);
          assert.ok(Math.abs(plan.energy - lowest) <= 1e-6 * Math.max(1, lowest));
          assert.ok(plan.energy <= warmStart + 1e-6);
          assert.ok(plan.energy <= last);
          last = plan.energy;

          // Once more, not shifted: the last plan is among the candidates.
          const again = await planner.plan(problem, noDeadline);
          assert.ok(again.energy <= plan.energy);
        }
        assert.equal(bounds.low.length, bounds.high.length);
      }), { numRuns: 40 });
    });

    test("finds the minimum of a quadratic, inside the box and on its edge", async () => {
      const bounds = box([-1, 0], [1, 1]);
      const inside = await make({ iterations: 30 }).plan(quadratic(4, bounds, 0.4), noDeadline);
      for (const action of inside.actions) {
        assert.ok(Math.abs(action - 0.4) < 0.05, `${action}`);
      }
      const edge = await make({ candidates: 256, iterations: 30 }).plan(quadratic(4, bounds, 3), noDeadline);
      assert.ok([...edge.actions].every((action) => action > 0.95));
    });

    test("finds the bottom of a Rosenbrock valley along the horizon", async () => {
      const horizon = 4;
      const bounds = box([-2], [2]);
      const score = scoreOf(horizon, 1, (x) =>
        Array.from({ length: horizon }, (_, h) => h === 0 ? 0 : 5 * (x[h]! - x[h - 1]! ** 2) ** 2 + (1 - x[h - 1]!) ** 2));
      const plan = await make({ candidates: 256, iterations: 60, minStd: 0.005 }).plan({ horizon, bounds, score }, noDeadline);
      assert.ok(plan.energy < 0.02, `energy ${plan.energy}`);
    });

    test("brings a simulated point robot to its goal, one action at a time", async () => {
      const planner = make({ objective: { kind: "geometric", growth: 1.5 } });
      const position = [0, 0, 0];
      const goal = [0.25, -0.15, 0.05];
      for (let step = 0; step < 12; step++) {
        const distance = Math.hypot(...position.map((p, a) => p - goal[a]!));
        const problem = { ...pointRobot(6, position, goal, 0.04), explorationScale: Math.min(1, Math.max(0.1, distance / 0.1)) };
        const plan = await planner.plan(problem, noDeadline);
        position.forEach((_, a) => { position[a]! += plan.actions[a]!; });
        planner.shift(1);
      }
      const distance = Math.hypot(...position.map((p, a) => p - goal[a]!));
      assert.ok(distance < 0.006, `${distance} m left`);
    });

    test("candidates whose energy is not a number never win and never move the mean", async () => {
      const horizon = 3;
      const score = scoreOf(horizon, 1, (x) => x[0]! > 0 ? [NaN, -9, -9] : [0, (x[1]! + 1) ** 2, (x[2]! + 1) ** 2]);
      const plan = await make({ iterations: 10 }).plan({ horizon, bounds: box([-2], [2]), score }, noDeadline);
      assert.ok(plan.actions[0]! <= 0);
      assert.ok(plan.energy >= 0 && plan.energy < 0.1);
    });

    test("when no energy is a number the answer is the warm start, and says so", async () => {
      const planner = make();
      const problem = quadratic(3, box([-1], [1]), 0.5);
      const good = await planner.plan(problem, noDeadline);
      const blind: PlanProblem = { ...problem, score: async (_, count) => new Float32Array(count * 3).fill(NaN) };
      const plan = await planner.plan(blind, noDeadline);
      assert.deepEqual(plan.actions, good.actions);
      assert.equal(plan.energy, Infinity);
      assert.ok([...plan.stepEnergies].every((e) => e === Infinity));
      const after = await planner.plan(problem, noDeadline);
      assert.ok(after.energy <= good.energy);
    });

    test("without time the answer is the shifted warm start with the committed actions before it", async () => {
      const planner = make();
      const problem = quadratic(4, box([-1], [1]), 0.5);
      const first = await planner.plan(problem, noDeadline);
      planner.shift(1);
      const late = await planner.plan({ ...problem, committed: Float32Array.of(9) }, { deadlineMs: 0, now: () => 1 });
      assert.deepEqual([...late.actions], [9, first.actions[2], first.actions[3], first.actions[3]]);
      assert.equal(late.iterations, 0);
      assert.equal(late.ended, "deadline");
    });

    test("ends when nothing is gained any more, if asked to", async () => {
      const flat: PlanProblem = { horizon: 2, bounds: box([0], [1]), score: async (_, count) => new Float32Array(count * 2).fill(1) };
      const plan = await make({ iterations: 50, patience: 3 }).plan(flat, noDeadline);
      assert.equal(plan.ended, "converged");
      assert.equal(plan.iterations, 4 + (name === REFINED ? REFINING : 0));
    });

    test("a throw comes out with the best so far, which is the next warm start", async () => {
      const problem = quadratic(3, box([-1], [1]), 0.5);
      let calls = 0;
      const score: PlanProblem["score"] = async (actions, count) => {
        if (++calls === 3) {
          throw new Error("the session is gone");
        }
        return problem.score(actions, count);
      };
      const planner = make();
      const failure = await planner.plan({ ...problem, score }, noDeadline).catch((error: unknown) => error);
      assert.ok(failure instanceof ScoreFailed);
      assert.match(failure.message, /after 2 iterations: the session is gone/);
      assert.ok(failure.best !== undefined && Number.isFinite(failure.best.energy));
      const late = await planner.plan(problem, { deadlineMs: 0, now: () => 1 });
      assert.deepEqual(late.actions, failure.best.actions);

      const nothing = await make().plan({ ...problem, score: () => Promise.reject(new Error("no")) }, noDeadline).catch((error: unknown) => error);
      assert.ok(nothing instanceof ScoreFailed && nothing.best === undefined);
      const short = await make().plan({ ...problem, score: async () => new Float32Array(2) }, noDeadline).catch((error: unknown) => error);
      assert.match((short as Error).message, /2 energies for \d+ candidates of 3 steps/);
    });

    test("a narrower exploration stays nearer to the warm start", async () => {
      const spread = async (explorationScale: number): Promise<number> => {
        const seen: { actions: Float32Array; energies: number[] }[] = [];
        const score = scoreOf(3, 1, () => [1, 1, 1], seen);
        await make({ iterations: 1 }).plan({ horizon: 3, bounds: box([-1], [1]), score, explorationScale }, noDeadline);
        return Math.sqrt(seen.reduce((sum, { actions }) => sum + actions[1]! ** 2, 0) / seen.length);
      };
      const wide = await spread(1);
      const narrow = await spread(0.1);
      assert.ok(narrow > 0.05 * wide && narrow < 0.2 * wide, `${narrow} of ${wide}`);
    });

    test("one plan at a time", async () => {
      const planner = make();
      const running = planner.plan(quadratic(3, box([-1], [1]), 0.5), noDeadline);
      await assert.rejects(planner.plan(quadratic(3, box([-1], [1]), 0.5), noDeadline), /plan\(\) while a plan is running/);
      assert.throws(() => planner.shift(1), /shift\(\) while a plan is running/);
      assert.throws(() => planner.reset(1), /reset\(\) while a plan is running/);
      await running;
      planner.reset(1);
    });

    test("senseless problems and options are refused by name and value", async () => {
      const problem = quadratic(3, box([-1], [1]), 0.5);
      const planner = make();
      await assert.rejects(planner.plan({ ...problem, horizon: 0 }, noDeadline), /horizon is 0/);
      await assert.rejects(planner.plan({ ...problem, bounds: box([1], [0]) }, noDeadline), /dimension 0 are \[1, 0\]/);
      await assert.rejects(planner.plan({ ...problem, committed: new Float32Array(3) }, noDeadline), /committed has 3 values/);
      await assert.rejects(planner.plan({ ...problem, committed: Float32Array.of(NaN) }, noDeadline), /committed\[0\] is NaN/);
      await assert.rejects(planner.plan({ ...problem, explorationScale: 0 }, noDeadline), /explorationScale is 0/);
      assert.throws(() => planner.shift(-1), /steps is -1/);
      assert.throws(() => make({ elites: 1 }), /elites is 1/);
      assert.throws(() => make({ candidates: 8, elites: 5 }), /candidates is 8/);
      assert.throws(() => make({ momentum: 1 }), /momentum is 1/);
      assert.throws(() => make({ initialStd: [0.5, 0] }), /initialStd is 0/);
      await assert.rejects(make({ initialStd: [0.5, 0.5] }).plan(problem, noDeadline), /initialStd has 2 values for 1/);
      await assert.rejects(make({ heldDims: [1] }).plan(problem, noDeadline), /heldDims has 1/);
    });
  });
}

test("iCEM's population decays to twice its elites; CEM's does not", async () => {
  const counts = async (planner: CrossEntropySearch): Promise<number[]> => {
    const out: number[] = [];
    const score: PlanProblem["score"] = async (_, count) => { out.push(count); return new Float32Array(count * 3).fill(1); };
    const plan = await planner.plan({ horizon: 3, bounds: box([-1], [1]), score }, noDeadline);
    assert.equal(plan.candidates, out.reduce((sum, n) => sum + n, 0));
    return out;
  };
  assert.deepEqual(await counts(new Icem({ candidates: 40, iterations: 5 })), [40, 32, 25, 20, 20]);
  assert.deepEqual(await counts(new Cem({ candidates: 60, iterations: 3 })), [60, 60, 60]);
});

test("iCEM needs fewer roll-outs than CEM to bring a point robot as near", async () => {
  const planner = { iCEM: new Icem({ candidates: 40, iterations: 3 }), CEM: new Cem({ candidates: 40, elites: 10, iterations: 3 }) };
  const energy = { iCEM: 0, CEM: 0 };
  for (let seed = 0; seed < 20; seed++) {
    for (const name of ["iCEM", "CEM"] as const) {
      planner[name].reset(seed);
      energy[name] += (await planner[name].plan(pointRobot(12, [0, 0], [0.2, -0.2], 0.04), noDeadline)).energy;
    }
  }
  assert.ok(energy.iCEM < 0.8 * energy.CEM, `iCEM ${energy.iCEM}, CEM ${energy.CEM}`);
});
