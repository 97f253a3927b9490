import assert from "node:assert/strict";
import { test } from "node:test";
import { SurpriseMonitor, type SurpriseReference } from "../../src/surprise/index.js";
import { TestBench } from "./bench.js";

const WATCHING: SurpriseReference = { picture: { threshold: 1.5, frames: 2 }, goal: { threshold: 2 } };
/** 1 x 1: the toy reads its bytes as hundredths. */
const PICTURE = { width: 1, height: 1, data: Uint8Array.of(40, 20, 10) };

async function underWay(reference = WATCHING): Promise<TestBench> {
  const bench = new TestBench({ surprise: new SurpriseMonitor(reference) });
  bench.planning.unlikeness = 1;
  await bench.underWay();
  return bench;
}

test("what cannot be trusted makes the robot brake and hold, with the reason; normal again, it goes on by itself", async () => {
  const bench = await underWay();
  bench.planning.unlikeness = 6;
  const status = await bench.until("holding", 5);
  assert.equal(status.holdReason, "unfamiliar_scene");
  assert.equal(status.final, false);
  assert.match(status.sentence, /^Holding: the picture is unlike those of training.*\(4\.0 times the threshold\)\.$/);
  assert.equal(status.surprise?.picture, 4);
  assert.equal(status.retries, 1);
  assert.ok(bench.sent.at(-1)!.points.at(-1)!.velocities.every((velocity) => velocity === 0));
  const { length } = bench.sent;
  for (let i = 0; i < 20; i++) {
    const { state, final, retries } = await bench.period();
    assert.deepEqual({ state, final, retries }, { state: "holding", final: false, retries: 1 }, "one alarm is one retry, however long it lasts");
  }
  assert.equal(bench.moving, false);
  assert.equal(bench.sent.length, length, "nothing is sent while it holds");
  bench.planning.unlikeness = 1;
  assert.equal((await bench.until("reached")).final, true);
});

test("one strange picture is none", async () => {
  const bench = await underWay();
  bench.planning.unlikeness = 6;
  await bench.period();
  bench.planning.unlikeness = 1;
  for (let i = 0; i < 4; i++) assert.equal((await bench.period()).state, "planning");
});

test("alarms without progress between them are given up in the end", async () => {
  const bench = new TestBench({ surprise: new SurpriseMonitor(WATCHING), progress: { fallShare: 0.9, plateauPictures: 1000 } });
  bench.planning.unlikeness = 1;
  await bench.underWay();
  for (let alarm = 1; alarm <= 3; alarm++) {
    bench.planning.unlikeness = 6;
    const status = await bench.until("holding", 8);
    assert.equal(status.final, alarm === 3, JSON.stringify(status));
    if (status.final) assert.match(status.sentence, /Given up after 2 retries\.$/);
    bench.planning.unlikeness = 1;
    if (!status.final) await bench.until("planning", 12);
  }
});

test("a goal that looks reached in a picture that cannot be trusted is not", async () => {
  const bench = await underWay();
  bench.planning.unlikeness = 6;
  await bench.until("holding", 5);
  // The toy would be there at once.
  await bench.controller.setGoal({ name: "here", latent: Float32Array.from(bench.robot.positions) });
  for (let i = 0; i < 8; i++) assert.notEqual((await bench.period()).state, "reached");
  bench.planning.unlikeness = 1;
  await bench.until("reached", 12);
});

test("a rising energy holds with its own reason, and the robot looks for another way", async () => {
  const bench = await underWay({ energy: { threshold: 1e-9, frames: 1 } });
  const goal = Float32Array.from(bench.robot.positions, (position) => position + 0.02);
  // Somebody pushes the arm away: what the joints say is not what was sent.
  await bench.controller.setGoal({ name: "near", latent: goal });
  bench.planning.unlikeness = 1;
  await bench.period();
  await bench.period();
  bench.sensorOffset = [0.15, 0, 0];
  const status = await bench.until("holding", 6);
  assert.equal(status.holdReason, "energy_rising");
  assert.equal(status.final, false);
});

test("a goal picture unlike those of training is refused before anything moves; its latent alone is not looked at", async () => {
  const bench = new TestBench({ surprise: new SurpriseMonitor(WATCHING) });
  bench.planning.unlikeness = 5;
  await assert.rejects(bench.controller.setGoal({ name: "moon", image: PICTURE }), /goal picture "moon" is unlike those of training \(2\.5 times/);
  for (let i = 0; i < 3; i++) assert.equal((await bench.period()).state, "idle");
  assert.deepEqual(bench.sent, []);
  bench.planning.unlikeness = 1;
  await bench.controller.setGoal({ name: "table", image: PICTURE });
  assert.equal((await bench.period()).state, "planning");
});

test("without a monitor nothing is a surprise", async () => {
  const bench = new TestBench();
  bench.planning.unlikeness = 1e9;
  await bench.controller.setGoal({ name: "there", image: PICTURE });
  assert.equal((await bench.until("reached")).surprise, undefined);
});

test("a goal that was encoded elsewhere is refused like its picture when it is said to be unlike those of training", async () => {
  const bench = await underWay();
  const latent = Float32Array.from([0.1, 0, 0]);
  await assert.rejects(bench.controller.setGoals("two", [{ name: "usual", latent, unlikeness: 1 }, { name: "strange", latent, unlikeness: 5 }]),
    /The goal picture "strange" is unlike those of training \(2\.5 times the threshold\)/);
  assert.equal(bench.controller.status.goalName, "there", "the goal before goes on");
  await bench.controller.setGoals("usual", [{ name: "usual", latent, unlikeness: 1.9 }]);
});
