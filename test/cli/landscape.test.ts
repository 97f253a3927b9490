import assert from "node:assert/strict";
import { test } from "node:test";

import { energyLandscape, parseAxes, type LandscapeProblem } from "../../src/cli/landscape.js";
import { UsageError } from "../../src/cli/usage-error.js";

const HORIZON = 4;
const WIDTH = 3;

/** Squared distance of the summed actions to a place, after each step. */
function bowl(place: readonly [number, number, number]) {
  return (actions: Float32Array, count: number): Promise<Float32Array> => {
    const energies = new Float32Array(count * HORIZON);
    for (let i = 0; i < count; i++) {
      const at = [0, 0, 0];
      for (let h = 0; h < HORIZON; h++) {
        for (let a = 0; a < WIDTH; a++) {
          at[a]! += actions[(i * HORIZON + h) * WIDTH + a]!;
        }
        energies[i * HORIZON + h] = at.reduce((sum, value, a) => sum + (value - place[a]!) ** 2, 0);
      }
    }
    return Promise.resolve(energies);
  };
}

// The second dimension is not varied: 0.1, 0.2, 0.3, 0.4.
const PLAN = Float32Array.from({ length: HORIZON * WIDTH }, (_, i) => (i % WIDTH === 1 ? (Math.floor(i / WIDTH) + 1) / 10 : i / 100));
const PROBLEM: LandscapeProblem = {
  score: bowl([-1.5, 0.6, 0.75]), horizon: HORIZON, low: [-1, -9, -0.5], high: [1, 9, 0.5], plan: PLAN, axes: [0, 2], steps: 3, count: 41,
};

test("a held action is lowest where it leads to the place in the steps it is held; the rest is the plan's", async () => {
  const { x, y, energies, lowest } = await energyLandscape(PROBLEM);
  assert.deepEqual([x[0], x[20], x[40], y[0], y[40]], [-1, 0, 1, -0.5, 0.5]);
  assert.ok(Math.abs(lowest.x - -0.5) < 1e-9 && Math.abs(lowest.y - 0.25) < 1e-9, JSON.stringify(lowest));
  // 0.1 + 0.2 + 0.3 of the plan are the 0.6 that is wanted in the second dimension.
  assert.ok(lowest.energy < 1e-6);
  // Row-major [y, x]: x = 1, y = -0.5 is the end of the first row.
  assert.ok(Math.abs(energies[40]! - ((3 + 1.5) ** 2 + (-1.5 - 0.75) ** 2)) < 1e-4, `${energies[40]}`);
});

test("axes may be swapped, one step is the plan's first, and the means are over the held steps", async () => {
  const one = await energyLandscape({ ...PROBLEM, axes: [2, 0], steps: 1 });
  assert.deepEqual([one.x[0], one.y[0]], [-0.5, -1]);
  assert.deepEqual(one.planFirst, { x: PLAN[2], y: PLAN[0] });
  assert.deepEqual(one.planMean, one.planFirst);
  const { planMean } = await energyLandscape(PROBLEM);
  assert.ok(Math.abs(planMean.x - 0.03) < 1e-7 && Math.abs(planMean.y - 0.05) < 1e-7, JSON.stringify(planMean));
});

test("what is not a number is never the lowest; without any number it is an error", async () => {
  const score = bowl([-1.5, 0.6, 0.75]);
  const broken = await energyLandscape({
    ...PROBLEM,
    score: async (actions, count) => (await score(actions, count)).map((energy) => (energy < 1 ? Number.NaN : energy)),
  });
  assert.ok(broken.lowest.energy >= 1 && broken.energies.some(Number.isNaN));
  await assert.rejects(energyLandscape({ ...PROBLEM, score: (_, count) => Promise.resolve(new Float32Array(count * HORIZON).fill(Number.NaN)) }),
    /no finite energy for any of the landscape's 1681 points/);
});

test("axes are two different names", () => {
  const names = ["dx", "dy", "dz", "gripper"];
  assert.deepEqual(parseAxes("--a", undefined, names), [0, 1]);
  assert.deepEqual(parseAxes("--a", "gripper, dx", names), [3, 0]);
  for (const text of ["dx", "dx,dx", "dx,dy,dz", "dx,", "", "dx,yaw"]) {
    assert.throws(() => parseAxes("--a", text, names), (error) => error instanceof UsageError && error.message.includes(JSON.stringify(text)), text);
  }
  assert.throws(() => parseAxes("--a", undefined, ["dx"]), /needs two action dimensions, the bundle has 1: dx/);
});
