import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Cem, Icem, ScoreFailed, type CrossEntropyOptions, type CrossEntropySearch, type PlanProblem, type ProposeSequences } from "../../src/planner/index.js";
import { box, noDeadline, quadratic, scoreOf } from "./problems.js";

const planners: Record<string, (options?: Partial<CrossEntropyOptions>) => CrossEntropySearch> = {
  CEM: (options) => new Cem(options),
  iCEM: (options) => new Icem(options),
};

/** Zero in a trap that is wide; -5 in a hole that no sample finds: every action within 0.01 of 0.777. */
function hole(horizon: number, dims: number, seen?: { actions: Float32Array; energies: number[] }[]): PlanProblem["score"] {
  return scoreOf(horizon, dims, (actions) => {
    const found = actions.every((action) => Math.abs(action - 0.777) < 0.01);
    return Array.from({ length: horizon }, (_, h) => found ? -5 : Math.abs(actions[h * dims]! + 0.5));
  }, seen);
}

/** Proposes one value everywhere and keeps what it was asked. */
function constant(value: number, horizon: number, dims: number, asked: { noise: Float32Array; count: number }[] = []): ProposeSequences {
  return async (noise, count) => {
    asked.push({ noise: noise.slice(), count });
    return new Float32Array(count * horizon * dims).fill(value);
  };
}

const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  horizon: fc.integer({ min: 2, max: 7 }),
  dims: fc.integer({ min: 1, max: 4 }),
  committedSteps: fc.integer({ min: 0, max: 6 }),
  candidates: fc.integer({ min: 8, max: 40 }),
  share: fc.double({ min: 0, max: 0.5, noNaN: true }),
}).map(({ committedSteps, ...shape }) => ({ ...shape, steps: Math.min(committedSteps, shape.horizon - 1) }));

for (const [name, make] of Object.entries(planners)) {
  describe(`proposals to ${name}`, () => {
    test("are asked for once a plan, their share of the candidates, with no noise in the first and in what is committed", async () => {
      await fc.assert(fc.asyncProperty(shapes, async ({ seed, horizon, dims, steps, candidates, share }) => {
        const asked: { noise: Float32Array; count: number }[] = [];
        const problem = quadratic(horizon, box(Array<number>(dims).fill(-1), Array<number>(dims).fill(1)), 0.3);
        const planner = make({ candidates, elites: 4, iterations: 3, seed, proposals: share });
        const wanted = Math.floor(candidates * share);
        const size = horizon * dims;
        for (const committedSteps of [0, steps, Math.max(0, steps - 1)]) {
          const before = asked.length;
          const committed = new Float32Array(committedSteps * dims).fill(0.25);
          const propose: ProposeSequences = async (noise, count) => {
            const answer = await constant(0.1, horizon, dims, asked)(noise, count);
            // What a proposer does to the noise is its own affair.
            noise.fill(9);
            return answer;
          };
          await planner.plan({ ...problem, committed, propose }, noDeadline);
          planner.shift(1);
          assert.equal(asked.length, before + (wanted === 0 ? 0 : 1));
          if (wanted === 0) continue;
          const { noise, count } = asked.at(-1)!;
          assert.equal(count, wanted);
          assert.equal(noise.length, count * size);
          noise.forEach((value, i) => {
            if (i < size || i % size < committedSteps * dims) assert.equal(value, 0);
            // A normal that is exactly 0 does not happen: there is noise wherever there may be.
            else assert.ok(Number.isFinite(value) && value !== 0, `noise[${i}] is ${value}`);
          });
        }
        if (wanted > 1) assert.equal(new Set(asked.map(({ noise }) => noise[2 * size - 1])).size, 3, "afresh each time");
      }), { numRuns: 80 });
    });

    test("come with noise of unit variance, as coloured as the search's own", async () => {
      const horizon = 8;
      const asked: { noise: Float32Array; count: number }[] = [];
      const planner = make({ candidates: 2000, elites: 10, iterations: 1, proposals: 0.5 });
      await planner.plan({ ...quadratic(horizon, box([-1, -1], [1, 1]), 0), propose: constant(0, horizon, 2, asked) }, noDeadline);
      const { noise, count } = asked[0]!;
      const mean = (of: (row: number, h: number, a: number) => number): number => {
        let sum = 0;
        for (let row = 1; row < count; row++) for (let h = 0; h < horizon - 1; h++) for (let a = 0; a < 2; a++) sum += of(row, h, a);
        return sum / ((count - 1) * (horizon - 1) * 2);
      };
      const at = (row: number, h: number, a: number): number => noise[(row * horizon + h) * 2 + a]!;
      assert.ok(Math.abs(mean(at)) < 0.1, `mean ${mean(at)}`);
      const variance = mean((...i) => at(...i) ** 2);
      assert.ok(Math.abs(variance - 1) < 0.12, `variance ${variance}`);
      const next = mean((row, h, a) => at(row, h, a) * at(row, h + 1, a)) / variance;
      if (name === "CEM") assert.ok(Math.abs(next) < 0.05, `white: correlation of neighbours ${next}`);
      else assert.ok(next > 0.6, `coloured: correlation of neighbours ${next}`);
      const across = mean((row, h) => at(row, h, 0) * at(row, h, 1));
      assert.ok(Math.abs(across) < 0.1, `dimensions are independent: ${across}`);
    });

    test("end in the box, with the committed actions first, and held and switched dimensions as they must be", async () => {
      const wild = fc.double({ min: -3, max: 3, noNaN: true });
      await fc.assert(fc.asyncProperty(shapes, fc.array(wild, { minLength: 20, maxLength: 20 }), fc.boolean(), async ({ seed, horizon, steps, candidates }, values, held) => {
        const bounds = box([-1, 0.5], [1, 2]);
        const committed = new Float32Array(steps * 2).fill(7);
        const seen: { actions: Float32Array; energies: number[] }[] = [];
        const score = scoreOf(horizon, 2, () => Array<number>(horizon).fill(1), seen);
        const planner = make({ candidates, elites: 4, iterations: 2, seed, proposals: 0.5, ...(held ? { heldDims: [1] } : { switchedDims: [1] }) });
        const size = horizon * 2;
        const proposed = Math.floor(candidates / 2);
        const sequences = Float32Array.from({ length: proposed * size }, (_, i) => values[(i * 7 + i % 3) % values.length]!);
        for (let round = 0; round < 2; round++) {
          seen.length = 0;
          await planner.plan({ horizon, bounds, committed, score, propose: async () => sequences }, noDeadline);
          for (const { actions } of seen) {
            const second = Array.from({ length: horizon - steps }, (_, h) => actions[(steps + h) * 2 + 1]!);
            actions.forEach((action, i) => {
              if (i < steps * 2) assert.equal(action, 7);
              else assert.ok(action >= bounds.low[i % 2]! && action <= bounds.high[i % 2]!, `[${i}] is ${action}`);
            });
            const changes = second.filter((value, h) => h > 0 && value !== second[h - 1]).length;
            if (held) assert.equal(changes, 0);
            else assert.ok(changes <= 1 && second.every((value) => value === 0.5 || value === 2), second.join(" "));
          }
          // The free dimension is what was proposed, brought into the box; the first proposal is the last candidate of the first iteration.
          for (let p = 0; p < proposed; p++) {
            const { actions } = seen[candidates - 1 - p]!;
            for (let h = steps; h < horizon; h++) {
              assert.equal(actions[2 * h], Math.min(1, Math.max(-1, sequences[p * size + 2 * h]!)));
            }
          }
        }
      }), { numRuns: 60 });
    });

    test("keep the switch that they have, and the later ones of several are left out", async () => {
      const horizon = 6;
      let proposal = [0.9, 0.8, 0.1, 0.3, 0.7, 0.2];
      const seen: { actions: Float32Array; energies: number[] }[] = [];
      const planner = make({ candidates: 8, elites: 2, iterations: 1, proposals: 0.25, switchedDims: [0] });
      const once = (committed: Float32Array): Promise<unknown> => planner.plan({
        horizon, bounds: box([0], [1]), committed, score: scoreOf(horizon, 1, () => Array<number>(horizon).fill(1), seen),
        propose: async () => Float32Array.from([...proposal, ...proposal.map((value) => 1 - value)]),
      }, noDeadline);
      await once(new Float32Array(0));
      assert.deepEqual([...seen[7]!.actions], [1, 1, 0, 0, 0, 0]);
      assert.deepEqual([...seen[6]!.actions], [0, 0, 1, 1, 1, 1]);
      seen.length = 0;
      await once(Float32Array.of(0, 0, 1));
      assert.deepEqual([...seen[7]!.actions], [0, 0, 1, 0, 1, 1]);
      assert.deepEqual([...seen[6]!.actions], [0, 0, 1, 1, 0, 0]);
      seen.length = 0;
      await once(Float32Array.of(0, 0, 1, 1));
      assert.deepEqual([...seen[7]!.actions], [0, 0, 1, 1, 1, 0], "at the last step");
      assert.deepEqual([...seen[6]!.actions], [0, 0, 1, 1, 0, 1], "at the last step");
      seen.length = 0;
      proposal = [0.9, 0.8, 0.7, 0.6, 0.8, 1];
      await once(new Float32Array(0));
      assert.deepEqual([...seen[7]!.actions], [1, 1, 1, 1, 1, 1], "never");
      assert.deepEqual([...seen[6]!.actions], [0, 0, 0, 0, 0, 0], "never");
    });

    test("find an optimum that the search alone does not find", async () => {
      const [horizon, dims] = [5, 2];
      const problem: PlanProblem = { horizon, bounds: box([-1, -1], [1, 1]), score: hole(horizon, dims) };
      for (let seed = 0; seed < 5; seed++) {
        const alone = await make({ seed }).plan(problem, noDeadline);
        assert.ok(alone.energy >= 0, `the hole is no hole: ${alone.energy}`);
        const helped = await make({ seed, proposals: 0.1 }).plan({ ...problem, propose: constant(0.777, horizon, dims) }, noDeadline);
        assert.equal(helped.energy, -5);
        assert.ok(helped.actions.every((action) => Math.abs(action - 0.777) < 1e-6));
      }
    });

    test("do not stop the search from finding better, nor cost it the warm start", async () => {
      await fc.assert(fc.asyncProperty(shapes, fc.double({ min: -2, max: 2, noNaN: true }), async ({ seed, horizon, dims, candidates, share }, value) => {
        const problem = quadratic(horizon, box(Array<number>(dims).fill(-1), Array<number>(dims).fill(1)), 0.3);
        const planner = make({ candidates, elites: 4, seed, proposals: share, ...(name === "iCEM" ? { keptElites: 1 } : {}) });
        const first = await planner.plan(problem, noDeadline);
        const again = await planner.plan({ ...problem, propose: constant(value, horizon, dims) }, noDeadline);
        assert.ok(again.energy <= first.energy);
      }), { numRuns: 40 });

      const horizon = 4;
      const bad = await make({ iterations: 30, proposals: 0.5 }).plan({ ...quadratic(horizon, box([-1], [1]), 0.4), propose: constant(-1, horizon, 1) }, noDeadline);
      assert.ok(bad.actions.every((action) => Math.abs(action - 0.4) < 0.05), [...bad.actions].join(" "));
    });

    test("that are no numbers cost themselves only: a sample stays in their place", async () => {
      const [horizon, candidates] = [3, 20];
      for (const broken of [NaN, Infinity, -Infinity]) {
        const seen: { actions: Float32Array; energies: number[] }[] = [];
        const propose: ProposeSequences = async (_, count) => {
          const sequences = new Float32Array(count * horizon).fill(0.777);
          sequences[horizon + 1] = broken;
          return sequences;
        };
        const plan = await make({ candidates, elites: 4, proposals: 0.2, seed: 3 })
          .plan({ horizon, bounds: box([-1], [1]), score: hole(horizon, 1, seen), propose }, noDeadline);
        const first = seen.slice(0, candidates).map(({ actions }) => actions);
        assert.ok(first.every((actions) => actions.every((action) => action >= -1 && action <= 1)));
        const proposed = first.map((actions) => actions.every((action) => action === Math.fround(0.777)));
        assert.deepEqual(proposed, Array.from({ length: candidates }, (_, row) => row >= 16 && row !== 18));
        assert.equal(new Set([...first[18]!]).size, 3, "a sample");
        assert.equal(plan.energy, -5);
      }
    });

    test("may come in an array that is used again", async () => {
      const [horizon, dims] = [3, 1];
      const reused = new Float32Array(10 * horizon);
      const score = hole(horizon, dims);
      const plan = await make({ candidates: 20, elites: 4, proposals: 0.5 }).plan({
        horizon, bounds: box([-1], [1]),
        propose: async (_, count) => reused.fill(0.777, 0, count * horizon),
        score: (actions, count) => {
          reused.fill(NaN);
          return score(actions, count);
        },
      }, noDeadline);
      assert.ok(plan.energy === -5 && plan.actions.every((action) => action === Math.fround(0.777)));
    });

    test("are never asked for with no share, a share below one candidate, or no time", async () => {
      const problem: PlanProblem = { ...quadratic(3, box([-1], [1]), 0.5), propose: () => Promise.reject(new Error("asked")) };
      const size = { candidates: 20, elites: 4, seed: 2 };
      const plain = await make(size).plan(quadratic(3, box([-1], [1]), 0.5), noDeadline);
      assert.deepEqual(await make(size).plan(problem, noDeadline), plain);
      assert.deepEqual(await make({ ...size, proposals: 0 }).plan(problem, noDeadline), plain);
      assert.deepEqual(await make({ ...size, proposals: 0.049 }).plan(problem, noDeadline), plain);
      const late = await make({ ...size, proposals: 0.5 }).plan(problem, { deadlineMs: 0, now: () => 1 });
      assert.equal(late.iterations, 0);
      // A problem that cannot propose is searched as if there were no share.
      assert.deepEqual(await make({ ...size, proposals: 0.5 }).plan(quadratic(3, box([-1], [1]), 0.5), noDeadline), plain);
    });

    test("a throw comes out as ScoreFailed, and the warm start stays", async () => {
      const problem = quadratic(3, box([-1], [1]), 0.5);
      const planner = make({ proposals: 0.2 });
      const before = await planner.plan(problem, noDeadline);
      const cause = new Error("the policy is gone");
      let scored = 0;
      const score: PlanProblem["score"] = (actions, count) => {
        scored++;
        return problem.score(actions, count);
      };
      for (const propose of [() => Promise.reject(cause), () => { throw cause; }]) {
        const failure = await planner.plan({ ...problem, score, propose }, noDeadline).catch((error: unknown) => error);
        assert.ok(failure instanceof ScoreFailed);
        assert.equal(failure.message, "asking for proposals failed after 0 iterations: the policy is gone");
        assert.equal(failure.cause, cause);
        assert.equal(failure.best, undefined);
      }
      assert.equal(scored, 0);
      const late = await planner.plan(problem, { deadlineMs: 0, now: () => 1 });
      assert.deepEqual(late.actions, before.actions);

      const failed = await planner.plan({ ...problem, propose: constant(0, 3, 1), score: () => Promise.reject(cause) }, noDeadline).catch((error: unknown) => error);
      assert.match((failed as Error).message, /^scoring the candidates failed/);
      const after = await planner.plan({ ...problem, propose: constant(0, 3, 1) }, noDeadline);
      assert.ok(after.energy <= before.energy, "the planner goes on");
    });

    test("too few values are refused", async () => {
      const problem: PlanProblem = { ...quadratic(3, box([-1], [1]), 0.5), propose: async (_, count) => new Float32Array(count * 3 - 1) };
      const short = await make({ candidates: 20, elites: 4, proposals: 0.25 }).plan(problem, noDeadline).catch((error: unknown) => error);
      assert.ok(short instanceof ScoreFailed && short.cause instanceof RangeError);
      assert.match(short.message, /propose gave 14 values for 5 candidates of 3$/);
    });

    test("are the same with the same seed, also after reset", async () => {
      await fc.assert(fc.asyncProperty(shapes, async ({ seed, horizon, dims, steps, candidates, share }) => {
        const run = async (planner: CrossEntropySearch): Promise<unknown[]> => {
          const asked: unknown[] = [];
          const problem: PlanProblem = {
            ...quadratic(horizon, box(Array<number>(dims).fill(-1), Array<number>(dims).fill(1)), 0.3),
            committed: new Float32Array(steps * dims),
            propose: async (noise, count) => {
              asked.push({ noise: noise.slice(), count });
              return noise.map((value) => 0.2 + value / 10);
            },
          };
          const first = await planner.plan(problem, noDeadline);
          planner.shift(1);
          return [first, await planner.plan(problem, noDeadline), asked];
        };
        const options = { candidates, elites: 4, seed, proposals: share };
        const one = make(options);
        const answers = await run(one);
        assert.deepEqual(await run(make(options)), answers);
        one.reset(seed);
        assert.deepEqual(await run(one), answers);
      }), { numRuns: 30 });
    });

    test("count once against the deadline: their time is not expected of later iterations", async () => {
      const [timeMs, proposeMs, candidates, scoreMs] = [100, 40, 40, 10];
      let clock = 1000;
      const problem = quadratic(3, box([-1], [1]), 0.5);
      const planner = make({ candidates, elites: 4, iterations: Infinity, populationDecay: 1, proposals: 0.2 });
      const plan = await planner.plan({
        ...problem,
        propose: async (_, count) => {
          clock += proposeMs;
          return new Float32Array(count * 3);
        },
        score: async (actions, count) => {
          clock += (scoreMs * count) / candidates;
          return problem.score(actions, count);
        },
      }, { deadlineMs: 1000 + timeMs, now: () => clock });
      assert.equal(plan.ended, "deadline");
      assert.equal(plan.iterations, (timeMs - proposeMs) / scoreMs);
      assert.deepEqual(planner.timings, { sampleMs: proposeMs, scoreMs: timeMs - proposeMs, selectMs: 0 });
    });

    test("a share outside of [0, 0.5] is refused", () => {
      for (const share of [-0.01, 0.51, 1, NaN, Infinity]) assert.throws(() => make({ proposals: share }), new RegExp(`RangeError: proposals is ${share}: must be in \\[0, 0\\.5\\]`));
      for (const share of [0, 0.5]) make({ proposals: share });
    });
  });
}
