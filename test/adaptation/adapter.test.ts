import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Adapter, ADAPTATION_BOUNDS, adaptedAxes, type AdaptedTo, commandsOf, type Correction, movesOf, readAdaptation, writeAdaptation } from "../../src/adaptation/index.js";
import { uniform } from "../uniform.js";

/** Metres as they are; a tool and one thing. */
const BUNDLE = {
  latent: {
    shape: [7],
    readable: {
      names: ["tool_x", "tool_y", "tool_z", "opening", "narrow_x", "narrow_y", "narrow_z"], units: Array<string>(7).fill("m"),
      mean: Array<number>(7).fill(0), std: Array<number>(7).fill(0.1),
    },
  },
  state: { names: ["ee_x", "ee_y", "ee_z", "gripper_opening"] },
  action: { names: ["dx", "dy", "dz", "gripper"], low: [-0.04, -0.04, -0.04, 0], high: [0.04, 0.04, 0.04, 1] },
};
const TO: AdaptedTo = { encoderSha256: "a".repeat(64), rolloutSha256: "b".repeat(64) };

interface Robot {
  readonly gain: number;
  readonly carry: number;
  readonly biasM: number;
  readonly offsetM: number;
}

/** Works for some steps with a robot whose tool and camera are like this, without noise. */
function work(adapter: Adapter, { gain, carry, biasM, offsetM }: Robot, steps: number, random: () => number = Math.random): Correction {
  let at = [0, 0, 0];
  let before = [0, 0, 0];
  let predicted: Float32Array | undefined;
  let correction: Correction | undefined;
  for (let k = 0; k < steps; k++) {
    const state = Float32Array.from([...at, 0.08]);
    const latent = Float32Array.from([...at.map((value) => (value + offsetM) / 0.1), 0.8, 1, 2, 3]);
    const action = Float32Array.from([0, 1, 2].map(() => 0.08 * random() - 0.04).concat(1));
    correction = adapter.ask(k, state, action, false);
    adapter.see(k, { latent, state, ...(predicted === undefined ? {} : { predicted }) });
    predicted = latent.map((value, i) => (i < 3 ? value + action[i]! / 0.1 : value));
    const move = before.map((value, i) => gain * action[i]! + carry * value + biasM);
    at = at.map((value, i) => value + move[i]!);
    before = move;
  }
  return correction!;
}

describe("an adapter", () => {
  test("finds how the arm answers and where the camera sees, and says it less what is not sure", () => {
    fc.assert(fc.property(uniform(0.75, 1.3), uniform(-0.2, 0.4), uniform(-0.004, 0.004), uniform(-0.04, 0.04), (gain, carry, biasM, offsetM) => {
      const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
      const correction = work(adapter, { gain, carry, biasM, offsetM }, 200);
      for (const axis of adapter.estimates) {
        assert.ok(Math.abs(axis.gain - gain) < 0.08, `gain ${axis.gain} instead of ${gain}`);
        assert.ok(Math.abs(axis.carry - carry) < 0.08, `carry ${axis.carry} instead of ${carry}`);
        assert.ok(Math.abs(axis.biasM - biasM) < 0.0015, `bias ${axis.biasM} instead of ${biasM}`);
        assert.ok(Math.abs(axis.offsetM - offsetM) < 0.003, `offset ${axis.offsetM} instead of ${offsetM}`);
      }
      // The thing is shifted as the tool is, the opening is no place.
      [0, 1, 2, 4, 5, 6].forEach((i) => assert.ok(Math.abs(correction.latentShift[i]! + offsetM / 0.1) < 0.03));
      assert.equal(correction.latentShift[3], 0);
      assert.ok(correction.goalShift.every((value) => value === 0));
    }), { numRuns: 20 });
  });

  test("leaves a robot alone that is as its model has it, but for noise", () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
    work(adapter, { gain: 1, carry: 0, biasM: 0, offsetM: 0 }, 100, random);
    for (const { gain, carry, biasM, offsetM } of adapter.estimates) assert.deepEqual([gain, carry, biasM, offsetM].map((value) => Math.abs(value)), [1, 0, 0, 0]);
  });

  test("never corrects by more than its bounds, and by numbers, whatever it sees", () => {
    const value = fc.oneof(uniform(-0.2, 0.2), fc.double(), fc.constantFrom(NaN, Infinity));
    const step = fc.record({ latent: fc.array(value, { minLength: 7, maxLength: 7 }), state: fc.array(value, { minLength: 4, maxLength: 4 }), action: fc.array(value, { minLength: 4, maxLength: 4 }), predicted: fc.array(value, { minLength: 7, maxLength: 7 }) });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
      const { gain: [low, high], carry, biasM, offsetM } = ADAPTATION_BOUNDS;
      steps.forEach(({ latent, state, action, predicted }, k) => {
        const { latentShift } = adapter.ask(k, Float32Array.from(state), Float32Array.from(action), true);
        assert.ok(latentShift.every((shift) => Math.abs(shift) <= offsetM / 0.1 + 1e-6));
        adapter.see(k, { latent: Float32Array.from(latent), state: Float32Array.from(state), predicted: Float32Array.from(predicted) });
        for (const axis of adapter.estimates) {
          assert.ok(axis.gain >= low && axis.gain <= high && axis.carry >= carry[0] && axis.carry <= carry[1]);
          assert.ok(Math.abs(axis.biasM) <= biasM && Math.abs(axis.offsetM) <= offsetM);
        }
      });
    }));
  });

  test("learns no motion from a step that was disturbed, cut at the border, or of which too little is known", () => {
    const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
    const still = { latent: new Float32Array(7), state: new Float32Array(4) };
    const forward = Float32Array.of(0.02, 0.02, 0.02, 1);
    const seeStanding = (k: number, predicted: Float32Array): void => {
      adapter.see(k, { ...still, predicted });
    };
    const promised = new Float32Array(7).fill(0.2, 0, 3);
    for (let k = 0; k < 50; k++) {
      adapter.ask(k, still.state, forward, false);
      seeStanding(k, promised);
      adapter.disturbed();
    }
    for (let k = 60; k < 110; k++) {
      adapter.ask(k, still.state, undefined, false);
      seeStanding(k, promised);
    }
    for (let k = 120; k < 170; k++) {
      adapter.ask(k, still.state, forward, false);
      seeStanding(k, new Float32Array(7).fill(0.05, 0, 3));
    }
    for (const { gain } of adapter.estimates) assert.equal(gain, 1);
    for (let k = 180; k < 230; k++) {
      adapter.ask(k, still.state, forward, false);
      seeStanding(k, promised);
    }
    for (const { gain } of adapter.estimates) assert.equal(gain < 0.9, true, "the same, undisturbed, is an arm that does not move");
  });

  test("a reset forgets everything; what is saved goes on in another", () => {
    const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
    work(adapter, { gain: 0.8, carry: 0.1, biasM: 0.001, offsetM: 0.02 }, 80);
    const [saved, learned] = [adapter.save(), adapter.estimates];
    adapter.reset();
    assert.equal(adapter.steps, 0);
    for (const { gain, offsetM } of adapter.estimates) assert.deepEqual([gain, Math.abs(offsetM)], [1, 0]);
    const other = new Adapter(adaptedAxes(BUNDLE), 7);
    other.restore(JSON.parse(JSON.stringify(saved)) as typeof saved);
    assert.deepEqual(other.estimates, learned);
    assert.throws(() => other.restore({ ...saved, axes: saved.axes.slice(1) }), /of the axes y,z, the bundle's are x,y,z/);
  });

  test("there is none for a bundle that does not say what its numbers mean", () => {
    assert.deepEqual(adaptedAxes({ ...BUNDLE, latent: { shape: [7] } }), []);
    assert.throws(() => new Adapter([], 7), /does not say which numbers/);
  });
});

describe("a correction", () => {
  test("takes commands to moves, and moves back to commands", () => {
    const axis = fc.record({ gain: uniform(0.7, 1.4), carry: uniform(-0.3, 0.5), biasM: uniform(-0.005, 0.005), beforeM: uniform(-0.04, 0.04) });
    fc.assert(fc.property(fc.tuple(axis, axis), fc.array(uniform(-0.04, 0.04), { minLength: 60, maxLength: 60 }), ([x, z], values) => {
      const correction: Correction = { axes: [{ action: 0, ...x }, { action: 2, ...z }], latentShift: new Float32Array(0), goalShift: new Float32Array(0) };
      const actions = Float32Array.from(values);
      const shape = { count: 3, horizon: 5, actionDim: 4 };
      const moves = new Float32Array(60);
      movesOf(actions, moves, correction, shape);
      // By hand, the second candidate's first two steps of x.
      assert.ok(Math.abs(moves[20]! - (x.gain * actions[20]! + x.carry * x.beforeM + x.biasM)) < 1e-7);
      assert.ok(Math.abs(moves[24]! - (x.gain * actions[24]! + x.carry * moves[20]! + x.biasM)) < 1e-7);
      assert.equal(moves[21], actions[21], "what is not corrected stays");
      commandsOf(moves, correction, shape);
      moves.forEach((value, i) => assert.ok(Math.abs(value - actions[i]!) < 1e-6));
    }));
  });
});

describe("what was learned, on disk", () => {
  test("is read back, refused for another bundle or calibration, and named when damaged", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "adaptation-")), "adaptation.json");
    assert.equal(await readAdaptation(file, TO), undefined);
    const adapter = new Adapter(adaptedAxes(BUNDLE), 7);
    work(adapter, { gain: 0.8, carry: 0.1, biasM: 0.001, offsetM: 0.02 }, 30);
    await writeAdaptation(file, adapter.save(), TO, "2026-11-23T05:00:00.000Z");
    assert.deepEqual(await readAdaptation(file, TO), adapter.save());
    await assert.rejects(readAdaptation(file, { ...TO, rolloutSha256: "c".repeat(64) }), /learned with another bundle \(bbbbbbbbbbbb, this is cccccccccccc\): the robot learns anew/);
    await assert.rejects(readAdaptation(file, { ...TO, calibration: "{}" }), /another camera calibration \(none, this is/);
    const text = await readFile(file, "utf8");
    for (const damaged of [text.slice(0, 40), text.replace('"steps":', '"stepz":'), text.replace(/"theta":\[[^\]]*\]/, '"theta":["x"]')]) {
      await writeFile(file, damaged);
      await assert.rejects(readAdaptation(file, TO), (error: Error) => error.message.includes("is damaged") && !error.message.includes("\n"));
    }
  });
});
