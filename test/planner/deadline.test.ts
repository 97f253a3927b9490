import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Cem, Icem, Mppi, type CrossEntropyOptions, type CrossEntropySearch, type Plan, type PlanProblem } from "../../src/planner/index.js";
import { Random } from "../../src/planner/random.js";
import { box, quadratic } from "./problems.js";

const planners: Record<string, (options?: Partial<CrossEntropyOptions>) => CrossEntropySearch> = {
  CEM: (options) => new Cem(options),
  iCEM: (options) => new Icem(options),
  MPPI: (options) => new Mppi({ ...options }),
  "iCEM with refinement": (options) => new Icem({ refinement: { iterations: 1000, candidates: 24, scale: 0.5 }, iterations: 2, ...options }),
};

/** A problem on a clock of its own: scoring takes what `cost` says, and nothing else takes any time. */
class Timed {
  clock = 1000;
  /** Begin and candidates of each call, of the last plan. */
  calls: { begin: number; count: number }[] = [];
  readonly #cost: (count: number) => number;
  readonly #problem = quadratic(3, box([-1], [1]), 0.5);

  constructor(cost: (count: number) => number) {
    this.#cost = cost;
  }

  async plan(planner: CrossEntropySearch, timeMs: number, more: Partial<PlanProblem> = {}): Promise<{ plan: Plan; tookMs: number }> {
    this.calls = [];
    const begin = this.clock;
    const score: PlanProblem["score"] = async (actions, count) => {
      this.calls.push({ begin: this.clock - begin, count });
      this.clock += this.#cost(count);
      return this.#problem.score(actions, count);
    };
    const plan = await planner.plan({ ...this.#problem, ...more, score }, { deadlineMs: begin + timeMs, now: () => this.clock });
    return { plan, tookMs: this.clock - begin };
  }
}

for (const [name, make] of Object.entries(planners)) {
  describe(`the deadline of ${name}`, () => {
    test("is kept once it is known how long scoring takes, whatever is fixed and whatever each candidate costs", async () => {
      await fc.assert(fc.asyncProperty(
        fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0.001, max: 0.5, noNaN: true }), fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 150, noNaN: true })), { minLength: 1, maxLength: 5 }),
        async (fixed, each, times) => {
          const timed = new Timed((count) => fixed + each * count);
          const planner = make({ candidates: 64, elites: 8 });
          for (let i = 0; i < 3; i++) await timed.plan(planner, 100 * (fixed + 64 * each));
          for (const timeMs of times) {
            const { plan, tookMs } = await timed.plan(planner, timeMs);
            // The first population is begun on any time at all, but with few candidates.
            const least = fixed + 8 * each;
            assert.ok(tookMs <= Math.max(timeMs, timeMs > 0 ? least : 0) + 1e-6, `${tookMs} of ${timeMs} ms, ${fixed} + ${each} n`);
            assert.equal(Number.isFinite(plan.energy), timeMs > 0);
            if (plan.ended === "deadline") assert.equal(plan.candidates, timed.calls.reduce((sum, { count }) => sum + count, 0));
          }
        },
      ), { numRuns: 60 });
    });

    test("makes use of the time there is: what is left over would not have been enough for two of the smallest populations", async () => {
      const timed = new Timed((count) => 1 + 0.05 * count);
      const planner = make({ candidates: 64, elites: 8, iterations: name === "iCEM with refinement" ? 2 : Infinity });
      for (let i = 0; i < 3; i++) await timed.plan(planner, 200);
      const { plan, tookMs } = await timed.plan(planner, 50);
      assert.equal(plan.ended, "deadline");
      assert.ok(tookMs > 50 - 2 * (1 + 0.05 * 24), `${tookMs}`);
    });

    test("the very first plan finds out how long scoring takes with a few candidates", async () => {
      const timed = new Timed((count) => 2 * count);
      const { plan, tookMs } = await timed.plan(make({ candidates: 64, elites: 8 }), 100);
      assert.deepEqual(timed.calls[0], { begin: 0, count: 16 });
      assert.ok(tookMs <= 100, `${tookMs}`);
      assert.ok(Number.isFinite(plan.energy) && plan.ended === "deadline" && plan.candidates > 16 && plan.candidates < 64, `${plan.candidates}`);
    });

    test("there is an answer after the first call, however late that is", async () => {
      const timed = new Timed(() => 300);
      for (const planner of [make(), make({ candidates: 40, elites: 4 })]) {
        for (let round = 0; round < 3; round++) {
          const { plan } = await timed.plan(planner, 1);
          assert.equal(timed.calls.length, 1);
          assert.ok(timed.calls[0]!.count <= 16);
          assert.ok(Number.isFinite(plan.energy));
          assert.equal(plan.ended, "deadline");
          assert.equal(plan.iterations, 1);
        }
      }
    });

    test("without a deadline every population is one call, and the same as with plenty of time", async () => {
      const free = new Timed((count) => 0.01 * count);
      const bound = new Timed((count) => 0.01 * count);
      const [a, b] = [make({ seed: 4 }), make({ seed: 4 })];
      await free.plan(a, Infinity);
      await bound.plan(b, 1e6);
      a.shift(1);
      b.shift(1);
      const [one, other] = [await free.plan(a, Infinity), await bound.plan(b, 1e6)];
      assert.deepEqual(one.plan, other.plan);
      assert.equal(free.calls.length, one.plan.iterations);
    });

    test("on a clock with stalls hardly a plan is late, though stalls are as long as a population", async () => {
      const random = new Random(11);
      const timed = new Timed((count) => (1 + 0.05 * count) * (1 + 0.3 * random.uniform()) + (random.uniform() < 0.05 ? 6 * random.uniform() : 0));
      const planner = make({ candidates: 64, elites: 8, ...(name === "iCEM with refinement" ? {} : { iterations: Infinity }) });
      for (let i = 0; i < 200; i++) await timed.plan(planner, 40);
      let late = 0;
      for (let i = 0; i < 1000; i++) {
        const { tookMs } = await timed.plan(planner, 40);
        if (tookMs > 40) late++;
      }
      assert.ok(late <= 2, `${late} of 1000 were late`);
    });
  });
}

test("one stall as long as the deadline does not make all plans after it poor ones", async () => {
  let stallMs = 0;
  const timed = new Timed((count) => 1 + 0.05 * count + stallMs);
  const planner = new Icem({ candidates: 64, elites: 8 });
  for (let i = 0; i < 5; i++) await timed.plan(planner, 40);
  stallMs = 100;
  await timed.plan(planner, 40);
  stallMs = 0;
  for (let i = 0; i < 5; i++) {
    const { plan, tookMs } = await timed.plan(planner, 40);
    assert.ok(plan.candidates >= 64, `${plan.candidates} candidates`);
    assert.ok(tookMs <= 40);
  }
});

test("proposals are left out where there is no time to score them, and asked for again where there is", async () => {
  const timed = new Timed((count) => 0.1 * count);
  const planner = new Icem({ candidates: 64, elites: 8, proposals: 0.5 });
  let asked = 0;
  const propose: PlanProblem["propose"] = async (_, count) => {
    asked++;
    timed.clock += 20;
    return new Float32Array(count * 3);
  };
  for (let i = 0; i < 3; i++) await timed.plan(planner, 100, { propose });
  assert.equal(asked, 3);
  const { tookMs } = await timed.plan(planner, 15, { propose });
  assert.equal(asked, 3);
  assert.ok(tookMs <= 15, `${tookMs}`);
  await timed.plan(planner, 40, { propose });
  assert.equal(asked, 4);
});

test("what the caller's costs and the arithmetic take counts as well", async () => {
  const timed = new Timed((count) => 0.05 * count);
  const planner = new Icem({ candidates: 64, elites: 8, iterations: Infinity });
  const costs: PlanProblem["costs"] = { add: () => { timed.clock += 4; }, best: () => undefined };
  for (let i = 0; i < 3; i++) await timed.plan(planner, 100, { costs });
  for (const timeMs of [10, 20, 30, 45]) {
    const { tookMs } = await timed.plan(planner, timeMs, { costs });
    assert.ok(tookMs <= timeMs, `${tookMs} of ${timeMs} ms`);
  }
});
