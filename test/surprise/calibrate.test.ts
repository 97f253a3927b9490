import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/planner/random.js";
import { type ArmEntry, calibrateSurprise, type CalibrationRun, SurpriseMonitor, type SurpriseReference } from "../../src/surprise/index.js";
import { persistentMaximum } from "../../src/surprise/persistence.js";

const ARM: readonly ArmEntry[] = [{ latent: 0, state: 0, mean: 0.5, std: 0.1 }];

/** Runs of 5 to 20 pictures: the arm is seen 2 cm off with 1 cm of noise, predictions have a bias, each run a level of its own. */
function normalRun(random: Random): CalibrationRun {
  const level = Math.exp(0.3 * random.gaussian());
  const pictures = 5 + Math.floor(15 * random.uniform());
  return {
    goals: [level * (1 + 0.1 * random.gaussian())],
    observations: Array.from({ length: pictures }, (_, i) => {
      const x = 0.4 + 0.2 * random.uniform();
      const latent = Float32Array.of((x + 0.02 + 0.01 * random.gaussian() - 0.5) / 0.1, random.gaussian());
      return {
        latent, state: Float32Array.of(x),
        ...(i === 0 ? {} : { predicted: latent.map((value) => value - 0.3 + 0.1 * random.gaussian() * level) }),
        unlikeness: level * (1 + 0.1 * random.gaussian()),
        energy: 3 - (2 * i) / pictures + 0.1 * Math.abs(random.gaussian()),
      };
    }),
  };
}

function runsOf(count: number, seed: number): CalibrationRun[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => normalRun(random));
}

/** Whether the monitor has any alarm in a run, its goal among it. */
function alarms(reference: SurpriseReference, run: CalibrationRun): boolean {
  const monitor = new SurpriseMonitor(reference);
  return run.goals.some((goal) => monitor.refuseGoal("goal", goal) !== undefined) || run.observations.some((observation, i) => monitor.judge(observation, i).alarm);
}

test("normal runs have no more false alarms than was said", () => {
  const alpha = 0.1;
  let falseAlarms = 0;
  const [calibrations, runs] = [20, 100];
  for (let i = 0; i < calibrations; i++) {
    const { reference } = calibrateSurprise(runsOf(160, 100 + i), { alpha, armEntries: ARM });
    falseAlarms += runsOf(runs, 5000 + i).filter((run) => alarms(reference, run)).length;
  }
  const rate = falseAlarms / (calibrations * runs);
  assert.ok(rate <= alpha + 0.02, `${rate}`);
  assert.ok(rate > 0.02, `${rate}: thresholds are far too wide`);
});

test("what is usual is found: a constant offset of the camera is none, and other ones are", () => {
  const { reference, fitRuns, thresholdRuns } = calibrateSurprise(runsOf(160, 1), { alpha: 0.1, armEntries: ARM });
  assert.equal(fitRuns, 40);
  assert.equal(thresholdRuns, 120);
  assert.ok(Math.abs(reference.arm!.mean[0]! - 0.02) < 0.002);
  assert.ok(Math.abs(reference.arm!.std[0]! - 0.01) < 0.001);
  assert.ok(reference.prediction!.mean.every((mean) => Math.abs(mean - 0.3) < 0.02));
  const run = runsOf(1, 9)[0]!;
  const moved = { ...run, observations: run.observations.map((observation) => ({ ...observation, latent: observation.latent.map((value, i) => (i === 0 ? value + 1.5 : value)) })) };
  assert.ok(alarms(reference, moved));
});

test("energies before a new start do not count", () => {
  const climbing = (starts: readonly number[]): CalibrationRun[] => runsOf(160, 2).map((run) => ({
    goals: [], starts,
    observations: run.observations.map((observation, i) => ({ ...observation, energy: (i < 5 ? 1 : 3) - 0.01 * (i % 5) + 1e-4 * i * i })),
  }));
  const within = calibrateSurprise(climbing([0, 5]), { alpha: 0.2, armEntries: [], frames: { energy: 1 } }).reference.energy!.threshold;
  const across = calibrateSurprise(climbing([0]), { alpha: 0.2, armEntries: [], frames: { energy: 1 } }).reference.energy!.threshold;
  assert.ok(within < 0.2 && across > 1.9, `${within} ${across}`);
});

test("what the runs do not say is not watched", () => {
  const bare = runsOf(160, 3).map(({ observations }) => ({ goals: [], observations: observations.map(({ latent, state }) => ({ latent, state })) }));
  assert.deepEqual(Object.keys(calibrateSurprise(bare, { alpha: 0.1, armEntries: ARM }).reference), ["arm"]);
  assert.deepEqual(calibrateSurprise(bare, { alpha: 0.1, armEntries: [] }).reference, {});
});

test("too few runs are refused with how many it takes", () => {
  assert.throws(() => calibrateSurprise(runsOf(50, 4), { alpha: 0.05, armEntries: ARM }), /50 successful runs are too few for a false-alarm rate of 0\.05: about 132 are needed/);
  assert.throws(() => calibrateSurprise([], { alpha: 0.05, armEntries: ARM }), /0 successful runs are too few/);
  calibrateSurprise(runsOf(132, 4), { alpha: 0.05, armEntries: ARM });
});

test("the greatest level that is kept up", () => {
  assert.equal(persistentMaximum([1, 9, 2, 3], 1), 9);
  assert.equal(persistentMaximum([1, 9, 2, 3], 2), 2);
  assert.equal(persistentMaximum([1, 9, undefined, 3, 4], 2), 3);
  assert.equal(persistentMaximum([5], 2), 0);
});
