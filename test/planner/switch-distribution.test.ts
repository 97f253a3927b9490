import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Icem } from "../../src/planner/index.js";
import { Random } from "../../src/planner/random.js";
import { SwitchDistribution } from "../../src/planner/switch-distribution.js";

const BOUNDS = { low: Float32Array.of(-1, 0), high: Float32Array.of(1, 1) };

/** Energy 0 where the gripper is open before a step and closed from it on; the rest does not matter. */
function closesAt(step: number, horizon: number): (actions: Float32Array, count: number) => Promise<Float32Array> {
  return (actions, count) => Promise.resolve(Float32Array.from({ length: count * horizon }, (_, i) => {
    const wanted = i % horizon < step ? 1 : 0;
    return Math.abs(actions[2 * i + 1]! - wanted) + 0.01 * Math.abs(actions[2 * i]!);
  }));
}

describe("a switched dimension", () => {
  it("is at its bounds and changes over at most once, in every candidate, warm or cold", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 3 }), async (horizon, seed, shifted) => {
      const planner = new Icem({ candidates: 20, elites: 5, iterations: 2, switchedDims: [1], seed });
      for (let plan = 0; plan < 3; plan++) {
        const score = closesAt(1, horizon);
        await planner.plan({
          horizon, bounds: BOUNDS,
          score: (actions, count) => {
            for (let c = 0; c < count; c++) {
              const values = Array.from({ length: horizon }, (_, h) => actions[2 * (c * horizon + h) + 1]!);
              assert.ok(values.every((value) => value === 0 || value === 1), values.join(" "));
              assert.ok(values.filter((value, h) => h > 0 && value !== values[h - 1]).length <= 1, values.join(" "));
            }
            return score(actions, count);
          },
        }, { deadlineMs: Infinity, now: () => 0 });
        planner.shift(shifted);
      }
    }), { numRuns: 40 });
  });

  it("finds when to close", async () => {
    const horizon = 10;
    for (const step of [0, 3, 7, 10]) {
      const { actions } = await new Icem({ switchedDims: [1], seed: step }).plan({ horizon, bounds: BOUNDS, score: closesAt(step, horizon) }, { deadlineMs: Infinity, now: () => 0 });
      assert.deepEqual(Array.from({ length: horizon }, (_, h) => actions[2 * h + 1]), Array.from({ length: horizon }, (_, h) => (h < step ? 1 : 0)));
    }
  });

  it("comes nearer by what has been executed, and is past when that was more", () => {
    const horizon = 6;
    const distribution = new SwitchDistribution(horizon);
    distribution.refit(1, 0, (_, step) => step >= 4);
    const highs = (): boolean[] => Array.from({ length: horizon }, (_, h) => distribution.isHigh(distribution.mode(), h));
    distribution.shift(3);
    assert.deepEqual(highs(), [false, true, true, true, true, true]);
    distribution.shift(1);
    assert.deepEqual(highs(), [true, true, true, true, true, true]);
    distribution.shift(100);
    assert.deepEqual(highs(), [true, true, true, true, true, true]);
  });

  it("never gives a switch up for good", () => {
    const distribution = new SwitchDistribution(5);
    distribution.refit(4, 0, () => true);
    const random = new Random(1);
    const drawn = new Set(Array.from({ length: 2000 }, () => distribution.draw(random)));
    assert.equal(drawn.size, 10);
  });

  it("cannot be held as well", () => {
    assert.throws(() => new Icem({ heldDims: [1], switchedDims: [1] }), /switchedDims is 1/);
  });
});
