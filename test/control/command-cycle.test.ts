import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import type { Verdict } from "../../src/safety/guards/guard.js";
import { BENCH_JOINTS, CYCLE_S, PERIOD_S, TestBench } from "./bench.js";

/** Between two ticks, in the middle of a step. */
async function inTheMiddle(bench: TestBench): Promise<void> {
  await bench.underWay();
  bench.inputs();
  bench.controller.tick();
  await bench.controller.settled();
  bench.watched(0.04, "inputs");
  assert.ok(bench.moving);
}

test("looks that find nothing change nothing", async () => {
  const bench = new TestBench();
  await inTheMiddle(bench);
  const sent = bench.sent.length;
  bench.watched(0.1, "inputs");
  assert.equal(bench.sent.length, sent);
  assert.equal(bench.controller.status.state, "planning");
});

test("inputs that stay away brake the arm between two ticks", async () => {
  const bench = new TestBench({ jointTimeoutS: 0.05 });
  await inTheMiddle(bench);
  bench.watched(0.1, "no inputs");
  const { state, holdReason, final } = bench.controller.status;
  assert.deepEqual([state, holdReason, final], ["holding", "joint_states_stale", false]);
  assert.equal(bench.statuses.at(-1)?.holdReason, "joint_states_stale", "it is said at once");
  bench.watched(0.3, "no inputs");
  assert.ok(!bench.moving);
  assert.equal((await bench.until("reached")).state, "reached", "it goes on when they are back");
});

test("an arm that is about to stand by itself is left to its own stop", async () => {
  const bench = new TestBench({ commandGapS: 10 });
  await inTheMiddle(bench);
  const last = bench.sent.at(-1)!;
  bench.nowS += last.points.at(-1)!.timeFromStartS - 0.04 - 0.01;
  assert.ok(bench.moving);
  const sent = bench.sent.length;
  bench.controller.clearGoal();
  assert.equal(bench.sent.length, sent, "no stop in the last moments of a stop");
  bench.nowS += 0.02;
  assert.ok(!bench.moving && bench.controller.standing);
  bench.check();
});

test("a joint that does not follow brakes the arm between two ticks", async () => {
  const bench = new TestBench();
  await inTheMiddle(bench);
  bench.sensorOffset = [0, 0.5, 0];
  bench.watched(0.02, "inputs");
  const { state, holdReason, sentence } = bench.controller.status;
  assert.deepEqual([state, holdReason], ["holding", "tracking_error"]);
  assert.match(sentence, /fr3_joint2 is 0\.5\d+ away/);
});

test("an arm that nothing watched for too long brakes", async () => {
  const bench = new TestBench();
  await inTheMiddle(bench);
  bench.nowS += 0.16;
  bench.inputs();
  bench.controller.cycle();
  const { holdReason, sentence } = bench.controller.status;
  assert.equal(holdReason, "command_loop_late");
  assert.match(sentence, /0\.16 s \(limit 0\.15 s\)/);
  assert.equal((await bench.until("reached")).state, "reached");
});

test("a guard that slows is said in the status, one that halts is a hold that is tried again, then final", async () => {
  let verdict: Verdict = { scale: 1 };
  const pipeline = new CommandPipeline(BENCH_JOINTS, { guards: [{ name: "fence", assess: () => verdict }] });
  const bench = new TestBench({ pipeline });
  await inTheMiddle(bench);
  verdict = { scale: 0.3, reason: "keep_out_zone", sentence: "The fence is near." };
  bench.watched(0.02, "inputs");
  assert.equal(bench.controller.status.speedScale, 0.3);
  assert.match(bench.statuses.at(-1)!.sentence, /Slowed to 30 %: The fence is near\.$/);
  verdict = { scale: 0, reason: "keep_out_zone", sentence: "Holding: the fence." };
  bench.watched(0.02, "inputs");
  assert.deepEqual([bench.controller.status.state, bench.controller.status.holdReason, bench.controller.status.final], ["holding", "keep_out_zone", false]);
  assert.equal(bench.controller.status.speedScale, undefined);
  const given = await (async () => {
    for (let i = 0; i < 30; i++) {
      const status = await bench.period();
      if (status.final) return status;
    }
    return assert.fail("it goes on trying");
  })();
  assert.match(given.sentence, /^Holding: the fence\. Given up after 2 retries\./);
  assert.ok(!bench.moving);
});

test("commands that did not reach the robot in time come later: the motion is where the robot is", async () => {
  const bench = new TestBench();
  await inTheMiddle(bench);
  const before = [...bench.robot.positions];
  bench.nowS += 0.1;
  bench.holdRobot(0.1);
  bench.controller.delay(0.1);
  assert.deepEqual(bench.robot.positions.map((q) => q.toFixed(9)), before.map((q) => q.toFixed(9)));
  bench.inputs();
  bench.controller.cycle();
  assert.equal(bench.controller.status.state, "planning", "the robot is where it should be");
  bench.nowS += PERIOD_S - 0.04;
  await bench.until("reached");
});

test("a look never throws: what goes wrong is a hold", async () => {
  const pipeline = new CommandPipeline(BENCH_JOINTS);
  const bench = new TestBench({ pipeline });
  await inTheMiddle(bench);
  pipeline.watch = () => { throw new Error("a bug"); };
  bench.watched(0.02, "inputs");
  const { state, holdReason, sentence } = bench.controller.status;
  assert.deepEqual([state, holdReason], ["holding", "internal_error"]);
  assert.match(sentence, /a bug/);
  bench.watched(0.3, "inputs");
  assert.ok(!bench.moving);
});

test("a plan waits for a picture that is due, and not longer than it is worth", async () => {
  let dueS = 0;
  const bench = new TestBench({ pictureDueS: () => dueS, planDeadlineMs: 160, commandGapS: 10 });
  await bench.underWay();
  const { requests } = bench.planning;
  const tick = (): number => {
    bench.joints();
    bench.controller.tick();
    return requests.length;
  };
  dueS = 0.03;
  const asked = requests.length;
  assert.equal(tick(), asked, "it waits");
  assert.ok(bench.moving, "the command is out");
  bench.nowS += 0.015;
  bench.image();
  assert.equal(requests.length, asked + 1, "the picture came");
  assert.ok(Math.abs(requests.at(-1)!.deadlineMs - 145) < 1e-6, "what was waited is gone from the deadline");
  await bench.controller.settled();
  bench.nowS += PERIOD_S - 0.015;

  assert.equal(tick(), asked + 1);
  assert.ok(Math.abs(bench.controller.status.pictureWaitMs! - 15) < 1e-6);
  bench.watched(2 * CYCLE_S, "no inputs");
  assert.equal(requests.length, asked + 2, "it did not come: the plan is made from the last one");
  await bench.controller.settled();
  bench.nowS += PERIOD_S - 2 * CYCLE_S;

  dueS = 10;
  bench.image();
  assert.equal(tick(), asked + 2);
  bench.watched(3 * CYCLE_S, "no inputs");
  assert.equal(requests.length, asked + 3, "a quarter of the deadline at most");
  await bench.controller.settled();
  bench.nowS += PERIOD_S - 3 * CYCLE_S;
  assert.equal(bench.controller.status.overruns, 0);
  dueS = 0;
  assert.equal((await bench.until("reached")).overruns, 0);
});

test("a stop while a plan waits for its picture asks for none", async () => {
  const bench = new TestBench({ pictureDueS: () => 0.03, planDeadlineMs: 160 });
  await bench.controller.setGoal({ name: "there", latent: Float32Array.from([0.8, -0.5, 0.3]) });
  bench.inputs();
  bench.controller.tick();
  bench.controller.stop();
  bench.inputs();
  bench.watched(PERIOD_S, "inputs");
  bench.controller.tick();
  assert.equal(bench.planning.requests.length, 0);
  assert.equal(bench.controller.status.state, "stopped");
});
