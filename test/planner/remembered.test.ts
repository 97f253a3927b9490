import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Cem, Icem, type CrossEntropyOptions, type CrossEntropySearch, type PlanProblem } from "../../src/planner/index.js";
import { MOST_REMEMBERED } from "../../src/planner/types.js";
import { uniform } from "../uniform.js";
import { box, noDeadline, quadratic } from "./problems.js";

const planners: Record<string, (options?: Partial<CrossEntropyOptions>) => CrossEntropySearch> = { CEM: (options) => new Cem(options), iCEM: (options) => new Icem(options) };

const cases = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }), horizon: fc.integer({ min: 2, max: 6 }), dims: fc.integer({ min: 1, max: 3 }), target: uniform(-0.9, 0.9),
  count: fc.integer({ min: 0, max: MOST_REMEMBERED + 4 }), committedSteps: fc.integer({ min: 0, max: 1 }), values: fc.array(uniform(-2, 2), { minLength: 400, maxLength: 400 }),
});

for (const [name, make] of Object.entries(planners)) {
  describe(`what is remembered, with ${name}`, () => {
    test("never makes the first population worse than without it, for the same random numbers", async () => {
      await fc.assert(fc.asyncProperty(cases, async ({ seed, horizon, dims, target, count, committedSteps, values }) => {
        const problem: PlanProblem = {
          ...quadratic(horizon, box(Array<number>(dims).fill(-1), Array<number>(dims).fill(1)), target),
          ...(committedSteps === 0 ? {} : { committed: new Float32Array(dims).fill(0.25) }),
        };
        const remembered = Float32Array.from({ length: count * horizon * dims }, (_, i) => values[i % values.length]!);
        const plan = (more: Partial<PlanProblem>) => make({ candidates: 24, elites: 4, iterations: 1, seed }).plan({ ...problem, ...more }, noDeadline);
        const [without, withMemory] = [await plan({}), await plan({ remembered })];
        assert.ok(withMemory.energy <= without.energy, `${withMemory.energy} with, ${without.energy} without`);
        assert.equal(withMemory.candidates, without.candidates + Math.min(count, MOST_REMEMBERED));
        assert.ok(withMemory.actions.every((action) => action >= -1 && action <= 1), "in the box");
        if (committedSteps > 0) assert.equal(withMemory.actions[0], 0.25);
      }), { numRuns: 60 });
    });

    test("a sequence that is best of all is the answer, behind what is committed; one that is no number costs only itself", async () => {
      const problem = quadratic(3, box([-1], [1]), 0.777);
      const best = Float32Array.of(NaN, 0, 0, 0.777, 0.777, 0.777);
      const plan = await make({ candidates: 16, elites: 4, iterations: 1, seed: 1 }).plan({ ...problem, remembered: best }, noDeadline);
      assert.deepEqual(plan.actions, Float32Array.of(0.777, 0.777, 0.777));
      const behind = await make({ candidates: 16, elites: 4, iterations: 1, seed: 1 }).plan({ ...problem, committed: Float32Array.of(0), remembered: best }, noDeadline);
      assert.deepEqual(behind.actions, Float32Array.of(0, 0.777, 0.777));
    });

    test("without it nothing changes, and half a sequence is refused", async () => {
      const problem = quadratic(3, box([-1], [1]), 0.3);
      const [one, other] = await Promise.all([{}, { remembered: new Float32Array(0) }].map((more) => make({ seed: 3 }).plan({ ...problem, ...more }, noDeadline)));
      assert.deepEqual(one!.actions, other!.actions);
      await assert.rejects(make().plan({ ...problem, remembered: new Float32Array(4) }, noDeadline), /remembered has 4 values: must be whole sequences of 3/);
    });
  });
}
