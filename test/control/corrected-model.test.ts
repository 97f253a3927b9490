import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Adapter, adaptedAxes, type Correction } from "../../src/adaptation/index.js";
import { CorrectedModel, type PlannedModel } from "../../src/control/corrected-model.js";
import { InThreadPlanningService } from "../../src/control/in-thread-planning-service.js";
import { Icem } from "../../src/planner/index.js";
import type { WorldModel } from "../../src/world-model/types.js";
import { uniform } from "../uniform.js";
import { TestBench } from "./bench.js";

const HORIZON = 4;

/** A point on a line: latent and state are its place, m; the energy is the distance to the goal. A policy proposes one step to it. */
function line(): WorldModel & { readonly scored: Float32Array[] } {
  const scored: Float32Array[] = [];
  return {
    scored, latentDim: 1, stateDim: 1, actionDim: 1, horizon: HORIZON, imageWidth: 1, imageHeight: 1,
    encode: (image) => Promise.resolve(Float32Array.of(image.data[0]! / 100)),
    score: (latent, _state, actions, count, goal) => {
      scored.push(actions.slice());
      const stepEnergies = new Float32Array(count * HORIZON);
      for (let c = 0; c < count; c++) {
        let at = latent[0]!;
        for (let h = 0; h < HORIZON; h++) stepEnergies[c * HORIZON + h] = Math.abs((at += actions[c * HORIZON + h]!) - goal[0]!);
      }
      return Promise.resolve({ stepEnergies, startEnergy: Math.abs(latent[0]! - goal[0]!) });
    },
    propose: (latent, _state, goal, committed, _noise, count) => {
      const moves = new Float32Array(count * HORIZON);
      const gone = committed.reduce((sum, move) => sum + move, 0);
      for (let c = 0; c < count; c++) {
        moves.set(committed, c * HORIZON);
        moves[c * HORIZON + committed.length] = goal[0]! - latent[0]! - gone;
      }
      return Promise.resolve(moves);
    },
    close: () => Promise.resolve(),
  };
}

const correction = fc.record({ gain: uniform(0.7, 1.4), carry: uniform(-0.3, 0.5), biasM: uniform(-0.005, 0.005), beforeM: uniform(-0.04, 0.04) })
  .map((axis): Correction => ({ axes: [{ action: 0, ...axis }], latentShift: new Float32Array(1), goalShift: new Float32Array(1) }));

describe("a corrected model", () => {
  test("rolls out the moves that come of the commands, and leaves the commands as they are", async () => {
    await fc.assert(fc.asyncProperty(correction, fc.array(uniform(-0.04, 0.04), { minLength: 2 * HORIZON, maxLength: 2 * HORIZON }), async (how, values) => {
      const model = line();
      const commands = Float32Array.from(values);
      const { stepEnergies } = await new CorrectedModel(model).with(how).score(Float32Array.of(0.1), new Float32Array(1), commands, 2, Float32Array.of(0.2));
      assert.deepEqual(commands, Float32Array.from(values));
      const { gain, carry, biasM, beforeM } = how.axes[0]!;
      for (let c = 0; c < 2; c++) {
        let [at, before] = [0.1, beforeM];
        for (let h = 0; h < HORIZON; h++) {
          before = gain * values[c * HORIZON + h]! + carry * before + biasM;
          at += before;
          assert.ok(Math.abs(stepEnergies[c * HORIZON + h]! - Math.abs(at - 0.2)) < 1e-6);
        }
      }
    }));
  });

  test("gives proposals as commands: what they lead to is what the policy wanted", async () => {
    await fc.assert(fc.asyncProperty(correction, async (how) => {
      const corrected: PlannedModel = new CorrectedModel(line()).with(how);
      const committed = Float32Array.of(0.02);
      const commands = (await corrected.propose!(Float32Array.of(0.1), new Float32Array(1), Float32Array.of(0.2), committed, new Float32Array(HORIZON), 1)).slice();
      commands.set(committed);
      const { stepEnergies } = await corrected.score(Float32Array.of(0.1), new Float32Array(1), commands, 1, Float32Array.of(0.2));
      assert.ok(stepEnergies[1]! < 1e-5, `${stepEnergies[1]} m from where the policy wanted to be`);
    }));
  });

  test("a plan is made from the shifted latent; what is said of the picture is what was seen", async () => {
    const service = new InThreadPlanningService({ model: line(), planner: new Icem({ candidates: 32, elites: 4, iterations: 3 }), bounds: { low: Float32Array.of(-0.04), high: Float32Array.of(0.04) } });
    const request = {
      image: { width: 1, height: 1, data: Uint8Array.of(10, 0, 0) }, state: Float32Array.of(0.1), committed: new Float32Array(1), goal: Float32Array.of(0.2), deadlineMs: Infinity, shift: 0,
      explorationScale: 1,
    };
    const plain = await service.plan(request);
    assert.ok(Math.abs(plain.startEnergy - 0.1) < 1e-6);
    const corrected = await service.plan({ ...request, correction: { axes: [], latentShift: Float32Array.of(0.06), goalShift: Float32Array.of(0.01) } });
    assert.ok(Math.abs(corrected.startEnergy - 0.05) < 1e-6, `${corrected.startEnergy}`);
    assert.ok(Math.abs(corrected.latent[0]! - 0.1) < 1e-6);
  });
});

/** Joints of the bench as a tool. */
const AXES = adaptedAxes({
  latent: { shape: [3], readable: { names: ["tool_x", "tool_y", "tool_z"], units: ["m", "m", "m"], mean: [0, 0, 0], std: [1, 1, 1] } },
  state: { names: ["ee_x", "ee_y", "ee_z"] },
  action: { names: ["dx", "dy", "dz"], low: [-0.05, -0.05, -0.05], high: [0.05, 0.05, 0.05] },
});

describe("a controller with an adapter", () => {
  test("asks for corrected plans, says by how much, and without it, or while it is off, for plain ones", async () => {
    let on = true;
    const bench = new TestBench({ adapter: new Adapter(AXES, 3), adapting: () => on });
    await bench.underWay();
    assert.equal(bench.planning.requests.at(-1)!.correction?.axes.length, 3);
    assert.equal(bench.controller.status.adaptation?.axes.length, 3);
    on = false;
    await bench.period();
    assert.equal(bench.planning.requests.at(-1)!.correction, undefined);
    assert.equal(bench.controller.status.adaptation, undefined);
  });

  test("shifts the goal with the picture, unless its picture is older than the camera's move", async () => {
    for (const beforeCameraMoved of [false, true]) {
      const adapter = new Adapter(AXES, 3);
      for (let k = 0; k < 100; k++) {
        adapter.ask(k, new Float32Array(3), undefined, true);
        adapter.see(k, { latent: Float32Array.of(0.03, 0, 0), state: new Float32Array(3) });
      }
      const bench = new TestBench({ adapter });
      await bench.controller.setGoal({ name: "there", latent: Float32Array.of(0.8, -0.5, 0.3), beforeCameraMoved });
      for (let i = 0; i < 3; i++) await bench.period();
      const { latentShift, goalShift } = bench.planning.requests.at(-1)!.correction!;
      assert.ok(Math.abs(latentShift[0]! + 0.03) < 0.004, `${latentShift[0]}`);
      assert.deepEqual([...goalShift], beforeCameraMoved ? [0, 0, 0] : [...latentShift]);
    }
  });
});
