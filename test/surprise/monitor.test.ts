import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SurpriseMonitor, type SurpriseObservation, type SurpriseReference, unlikeness } from "../../src/surprise/index.js";

const REFERENCE: SurpriseReference = {
  prediction: { mean: [0, 1], std: [1, 2], threshold: 3, frames: 1 },
  // The first entry is the first value of the state in units of 0.1 m from 0.5 m.
  arm: { entries: [{ latent: 0, state: 0, mean: 0.5, std: 0.1 }], mean: [0.01], std: [0.02], threshold: 2, frames: 2 },
  picture: { threshold: 1.5, frames: 2 },
  energy: { threshold: 0.5, frames: 2 },
  goal: { threshold: 2 },
};

/** A normal picture: the arm is where the joints say, and 1 cm off as usual. */
function seen(change: Partial<SurpriseObservation> = {}): SurpriseObservation {
  return { latent: Float32Array.of(0.1, 0), state: Float32Array.of(0.5), unlikeness: 1, energy: 1, ...change };
}

test("a normal picture is no surprise, and its scores are shares of the thresholds", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  assert.deepEqual(monitor.judge(seen({ predicted: Float32Array.of(0.1, -1) }), 0), { alarm: false });
  const { prediction, arm, picture, energy } = monitor.shares;
  assert.ok(prediction! < 1e-6 && arm! < 1e-6 && energy === 0);
  assert.ok(Math.abs(picture! - 1 / 1.5) < 1e-6);
});

test("a prediction that misses is an alarm at once, by the entries' own spreads", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  // (0.1 - 0.1) and (0 - 9 - 1) / 2 = -5: a root mean square of 3.54.
  const verdict = monitor.judge(seen({ predicted: Float32Array.of(0.1, 9) }), 0);
  assert.ok(verdict.alarm);
  assert.equal(verdict.reason, "prediction_surprise");
  assert.equal(verdict.detector, "prediction");
  assert.ok(Math.abs(verdict.score - 5 / Math.sqrt(2)) < 1e-6);
  assert.equal(verdict.threshold, 3);
  assert.match(verdict.sentence, /not what the last action should have led to \(1\.2 times the threshold\)/);
});

test("an arm that is elsewhere than the joints say is an alarm from the second picture on", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  const displaced = seen({ state: Float32Array.of(0.6) });
  assert.equal(monitor.judge(displaced, 0).alarm, false);
  const verdict = monitor.judge(displaced, 1);
  assert.ok(verdict.alarm && verdict.began);
  assert.equal(verdict.reason, "unfamiliar_scene");
  assert.match(verdict.sentence, /arm elsewhere than the joints say.*\(2\.5 times/);
});

test("one picture counts once, however often it was planned from", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  const strange = seen({ unlikeness: 9 });
  for (let i = 0; i < 5; i++) assert.equal(monitor.judge(strange, 7).alarm, false);
  const verdict = monitor.judge(strange, 8);
  assert.ok(verdict.alarm && verdict.began);
  const again = monitor.judge(strange, 8);
  assert.ok(again.alarm && !again.began);
});

test("an alarm ends after two normal pictures in a row, and begins anew only then", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  const strange = seen({ unlikeness: 9 });
  const said = [strange, strange, seen(), strange, seen(), seen(), seen(), strange, strange].map((observation, frame) => {
    const verdict = monitor.judge(observation, frame);
    return verdict.alarm ? (verdict.began ? "begins" : "goes on") : "-";
  });
  assert.deepEqual(said, ["-", "begins", "goes on", "goes on", "goes on", "-", "-", "-", "begins"]);
});

test("the energy may fall, and rise a little; not far above its lowest for long", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  const energies = [2, 1, 1.4, 1.6, 1.2, 1.6];
  energies.forEach((energy, frame) => assert.equal(monitor.judge(seen({ energy }), frame).alarm, false));
  const verdict = monitor.judge(seen({ energy: 1.7 }), 6);
  assert.ok(verdict.alarm);
  assert.equal(verdict.reason, "energy_rising");
});

test("after a restart the energies before do not count", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  monitor.judge(seen({ energy: 0.1 }), 0);
  monitor.judge(seen({ energy: 3 }), 1);
  monitor.restart();
  for (let frame = 2; frame < 6; frame++) assert.equal(monitor.judge(seen({ energy: 3 }), frame).alarm, false);
});

test("a picture that cannot be trusted sets no lowest energy", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  monitor.judge(seen({ energy: 3 }), 0);
  monitor.judge(seen({ energy: 0.01, unlikeness: 9 }), 1);
  for (let frame = 2; frame < 6; frame++) assert.equal(monitor.judge(seen({ energy: 3 }), frame).alarm, false);
});

test("a goal picture unlike those of training is refused with how much", () => {
  const monitor = new SurpriseMonitor(REFERENCE);
  assert.equal(monitor.refuseGoal("cup", 2), undefined);
  assert.equal(monitor.refuseGoal("cup", undefined), undefined);
  assert.match(monitor.refuseGoal("cup", 5)!, /goal picture "cup" is unlike those of training \(2\.5 times the threshold\)/);
  assert.equal(new SurpriseMonitor(REFERENCE, { factor: 3 }).refuseGoal("cup", 5), undefined);
});

test("factor and frames make it slower to alarm; what is not watched is never an alarm", () => {
  const strange = seen({ unlikeness: 2, state: Float32Array.of(0.7), energy: 99, predicted: Float32Array.of(9, 9) });
  const first = (monitor: SurpriseMonitor): number => Array.from({ length: 9 }, (_, frame) => monitor.judge(strange, frame).alarm).indexOf(true);
  assert.equal(first(new SurpriseMonitor(REFERENCE)), 0);
  assert.equal(first(new SurpriseMonitor(REFERENCE, { frames: 4 })), 3);
  assert.equal(first(new SurpriseMonitor({ picture: { threshold: 1.5, frames: 2 } })), 1);
  assert.equal(first(new SurpriseMonitor({ picture: { threshold: 1.5, frames: 2 } }, { factor: 1.5 })), -1);
  assert.equal(first(new SurpriseMonitor({})), -1);
});

test("a score that is not a number is the greatest surprise, and leaves nothing behind", () => {
  for (const change of [{ unlikeness: NaN }, { latent: Float32Array.of(NaN, 0) }, { predicted: Float32Array.of(0, NaN) }, { energy: NaN }]) {
    const monitor = new SurpriseMonitor(REFERENCE);
    monitor.judge(seen(), 0);
    monitor.judge(seen(change), 1);
    assert.equal(monitor.judge(seen(change), 2).alarm, true, JSON.stringify(change));
    for (let frame = 3; frame < 5; frame++) monitor.judge(seen(), frame);
    assert.equal(monitor.judge(seen(), 5).alarm, false, JSON.stringify(change));
  }
});

test("whatever comes, there is a verdict", () => {
  fc.assert(fc.property(fc.array(fc.record({ a: fc.float(), b: fc.float(), u: fc.double(), e: fc.double() }), { maxLength: 20 }), (pictures) => {
    const monitor = new SurpriseMonitor(REFERENCE);
    pictures.forEach(({ a, b, u, e }, frame) => {
      const verdict = monitor.judge({ latent: Float32Array.of(a, b), state: Float32Array.of(0.5), predicted: Float32Array.of(0, 0), unlikeness: Math.abs(u), energy: e }, frame);
      if (verdict.alarm) assert.ok(verdict.sentence.length > 0 && verdict.threshold > 0);
      for (const share of Object.values(monitor.shares)) assert.ok(share >= 0);
    });
  }));
});

for (const options of [{ factor: 0 }, { factor: NaN }, { frames: 0 }, { frames: 1.5 }]) {
  test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => new SurpriseMonitor(REFERENCE, options), RangeError);
  });
}

test("unlikeness is the root mean square of the features", () => {
  assert.equal(unlikeness(Float32Array.of(3, 4, 0, 0)), 2.5);
});
