import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ControllerStatus } from "../../src/control/status.js";
import type { HoldReason } from "../../src/safety/types.js";
import { PERIOD_S, TestBench } from "./bench.js";
import { ToyPlanning, type ToyMood } from "./toy-planning.js";

const LATENT = Float32Array.from([0.8, -0.5, 0.3]);

function endsInStop(bench: TestBench): void {
  bench.check();
  assert.ok(bench.sent.at(-1)!.points.at(-1)!.velocities.every((velocity) => velocity === 0));
}

/** The robot was under way, the last trajectory is a pure stop, and a second later the robot stands. */
function assertHolds(bench: TestBench, status: ControllerStatus, reason: HoldReason, sentence: RegExp): void {
  assert.equal(status.holdReason, reason, JSON.stringify(status));
  assert.match(status.sentence, sentence);
  endsInStop(bench);
  bench.nowS += 1;
  assert.equal(bench.moving, false);
}

test("waits for the camera, then for joint states, then is idle", () => {
  const bench = new TestBench();
  bench.controller.tick();
  assert.equal(bench.controller.status.state, "waiting_for_inputs");
  assert.equal(bench.controller.status.holdReason, "waiting_for_camera");
  bench.image();
  bench.controller.tick();
  assert.equal(bench.controller.status.holdReason, "waiting_for_joint_states");
  assert.equal(bench.controller.status.sentence, "Waiting for the first joint state.");
  bench.joints();
  bench.controller.tick();
  assert.equal(bench.controller.status.state, "idle");
  assert.equal(bench.controller.status.holdReason, "no_goal");
  assert.deepEqual(bench.sent, [], "nothing is sent before the first step");
});

test("goes for a goal, step by step, and reaches it", async () => {
  const bench = new TestBench();
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  assert.equal((await bench.period()).state, "planning");
  assert.deepEqual(bench.sent, [], "the first tick commits a rest");
  assert.deepEqual([...bench.planning.requests[0]!.committed], [0, 0, 0]);
  const status = await bench.period();
  assert.equal(status.steps, 1);
  assert.equal(bench.sent.length, 1);
  const reached = await bench.until("reached");
  assert.equal(reached.final, true);
  assert.equal(reached.goalName, "there");
  assert.match(reached.sentence, /^Reached "there": energy .* \(limit 0\.000100\)\.$/);
  assert.ok(reached.energy! < 1e-4 && reached.startEnergy! > 0.9);
  assert.ok(Math.abs(reached.energyShare! - reached.energy! / reached.startEnergy!) < 1e-12);
  endsInStop(bench);
  bench.nowS += 1;
  for (const [j, position] of bench.robot.positions.entries()) assert.ok(Math.abs(position - LATENT[j]!) < 0.03);
  const asked = bench.planning.requests.length;
  await bench.period();
  assert.equal(bench.planning.requests.length, asked, "a reached goal is not planned for");
});

test("says for the whole of a goal what its newest search from nothing had out of the memory", async () => {
  const bench = new TestBench();
  bench.planning.recalled = 8;
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  assert.equal((await bench.period()).recalled, undefined, "nothing is planned yet");
  for (let i = 0; i < 3; i++) assert.equal((await bench.period()).recalled, 8);
  assert.equal((await bench.until("reached")).recalled, 8);
  bench.planning.recalled = undefined;
  await bench.controller.setGoal({ name: "back", latent: LATENT.map((value) => -value) });
  assert.equal((await bench.until("reached")).recalled, undefined, "of another goal");
});

test("each plan begins with the action just sent, and the warm start moves on by one", async () => {
  const bench = new TestBench();
  await bench.underWay();
  const { requests } = bench.planning;
  assert.deepEqual(requests.map((request) => request.shift), [0, 1, 1, 1]);
  assert.ok(requests.slice(1).every((request) => request.committed.some((value) => value !== 0)));
  assert.equal(bench.controller.status.overruns, 0);
});

test("in lock step the same run gives the same trajectories", async () => {
  const run = async (): Promise<string> => {
    const bench = new TestBench({ seed: 7 });
    await bench.controller.setGoal({ name: "there", latent: LATENT });
    await bench.until("reached");
    return JSON.stringify([bench.sent, bench.planning.seeds]);
  };
  assert.equal(await run(), await run());
});

test("a goal picture is encoded", async () => {
  const bench = new TestBench();
  await bench.controller.setGoal({ name: "picture", image: { width: 1, height: 1, data: Uint8Array.from([30, 0, 20]) } });
  await bench.until("reached");
  bench.nowS += 1;
  assert.ok(Math.abs(bench.robot.positions[0]! - 0.3) < 0.03);
});

test("goals that cannot be used are refused and change nothing", async () => {
  const bench = new TestBench();
  await bench.underWay();
  await assert.rejects(bench.controller.setGoal({ name: "none", image: { width: 0, height: 0, data: new Uint8Array(0) } }), /empty picture/);
  await assert.rejects(bench.controller.setGoal({ name: "short", latent: new Float32Array(2) }), /"short" must be 3 finite numbers/);
  await assert.rejects(bench.controller.setGoal({ name: "poison", latent: Float32Array.from([0, NaN, 0]) }), /"poison"/);
  assert.equal((await bench.period()).goalName, "there");
  assert.ok(bench.moving);
});

test("a goal that comes while moving replaces the goal; one still being encoded is overtaken", async () => {
  const bench = new TestBench();
  await bench.underWay();
  const resets = bench.planning.seeds.length;
  const overtaken = bench.controller.setGoal({ name: "first", image: { width: 1, height: 1, data: new Uint8Array(3) } });
  const second = bench.controller.setGoal({ name: "second", latent: Float32Array.from([0, 0.2, 0]) });
  await assert.rejects(overtaken, /"first" was replaced/);
  await second;
  assert.equal(bench.planning.seeds.length, resets + 1);
  assert.equal(bench.controller.status.steps, 0);
  assert.equal((await bench.until("reached")).goalName, "second");
  bench.nowS += 1;
  assert.ok(Math.abs(bench.robot.positions[1]! - 0.2) < 0.03);
});

test("holds when pictures stop coming, and goes on when they are back", async () => {
  const bench = new TestBench();
  await bench.underWay();
  for (let i = 0; i < 3; i++) {
    bench.joints();
    bench.controller.tick();
    await bench.controller.settled();
    bench.nowS += PERIOD_S;
  }
  bench.joints();
  bench.controller.tick();
  const { status } = bench.controller;
  assert.equal(status.state, "holding");
  assert.equal(status.final, false);
  assertHolds(bench, status, "camera_stale", /^Holding: no camera picture for 0\.80 s \(limit 0\.50 s\)\.$/);
  await bench.until("reached");
});

test("a camera that repeats its last picture has stopped", async () => {
  const bench = new TestBench();
  await bench.underWay();
  for (let i = 0; i < 4; i++) {
    bench.controller.onImage({ width: 1, height: 1, data: new Uint8Array(3) }, 1234.5);
    bench.joints();
    bench.controller.tick();
    await bench.controller.settled();
    bench.nowS += PERIOD_S;
  }
  assert.equal(bench.controller.status.holdReason, "camera_stale");
});

test("holds when joint states stop coming", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.nowS += PERIOD_S;
  bench.image();
  bench.controller.tick();
  assertHolds(bench, bench.controller.status, "joint_states_stale", /no joint state for 0\.40 s/);
  await bench.until("reached");
});

test("while the clock stands still nothing is sent: the arm is left to the stop that its last trajectory has", async () => {
  let stopped = false;
  const bench = new TestBench({ outsideFault: () => stopped ? { reason: "clock_stopped", sentence: "Holding: no time.", ownStop: true } : undefined });
  await bench.underWay();
  stopped = true;
  const sent = bench.sent.length;
  bench.inputs();
  bench.controller.cycle();
  assertHolds(bench, bench.controller.status, "clock_stopped", /no time/);
  assert.equal(bench.sent.length, sent);
  bench.nowS += 1;
  assert.equal(bench.moving, false);
  stopped = false;
  // Meanwhile the arm is somewhere else; the next step begins there.
  bench.sensorOffset = [0.1, 0, 0];
  await bench.until("planning");
  bench.sensorOffset = [0, 0, 0];
});

test("given up from outside while under way: a final hold; without a goal under way nothing", async () => {
  const bench = new TestBench();
  bench.controller.giveUp("other_commander", "Holding: somebody else.");
  assert.equal(bench.controller.status.state, "idle");
  await bench.underWay();
  bench.controller.giveUp("other_commander", "Holding: somebody else.");
  assertHolds(bench, bench.controller.status, "other_commander", /somebody else/);
  assert.equal(bench.controller.status.final, true);
  bench.nowS += 1;
  assert.equal(bench.moving, false);
  bench.controller.giveUp("other_commander", "Holding: once more.");
  assert.match(bench.controller.status.sentence, /somebody else/);
  bench.controller.reset();
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  await bench.until("reached");
});

test("joints that never change while the arm is sent on are a hold", async () => {
  const bench = new TestBench();
  await bench.underWay([0.8, -0.5, 0.3]);
  const stuck = { positions: Float64Array.from(bench.robot.positions), velocities: new Float64Array(3) };
  let sentence = "";
  for (let i = 0; i < 60 && sentence === ""; i++) {
    bench.image();
    bench.controller.onJointState({ ...stuck, positions: stuck.positions.slice() }, 1000 + i);
    if (i % 10 === 0) {
      bench.controller.tick();
      await bench.controller.settled();
    }
    bench.nowS += 0.02;
    bench.controller.cycle();
    if (bench.controller.status.state === "holding") ({ sentence } = bench.controller.status);
  }
  assert.match(sentence, /the measured joints have not changed/);
  assert.equal(bench.controller.status.holdReason, "tracking_error");
  bench.check();
});

test("a trajectory begins at the moment it was planned from, however long that took", async () => {
  const starts: number[] = [];
  let [bench, looks]: [TestBench | undefined, number] = [undefined, 0];
  bench = new TestBench({
    // Each look at the clock is a millisecond later.
    clock: () => bench === undefined ? 0 : bench.nowS + 0.001 * looks++,
    ports: { sendTrajectory: (_, startS) => { starts.push(startS, bench!.nowS + 0.001 * looks); }, publishStatus: () => undefined },
  });
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  for (let i = 0; i < 3; i++) await bench.period();
  assert.ok(starts.length >= 2);
  for (let i = 0; i < starts.length; i += 2) assert.ok(starts[i]! < starts[i + 1]! - 0.0005, `${starts[i]} is not before ${starts[i + 1]}`);
});

test("an input that was old when it came is stale sooner", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.joints();
  bench.controller.onImage({ width: 1, height: 1, data: new Uint8Array(3) }, 99999, 0.7);
  bench.controller.tick();
  assert.equal(bench.controller.status.holdReason, "camera_stale");
});

test("follows the old plan while the next is late, then holds, then follows the late one", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.planning.manual = true;
  const late = async (): Promise<ControllerStatus> => {
    bench.inputs();
    bench.controller.tick();
    bench.nowS += PERIOD_S;
    return bench.controller.status;
  };
  assert.equal((await late()).overruns, 0, "takes the plan that is ready, asks for one that will be late");
  assert.equal((await late()).overruns, 1);
  assert.equal((await late()).overruns, 2);
  const status = await late();
  assert.equal(status.state, "holding");
  assert.equal(status.steps, 6);
  assertHolds(bench, status, "plan_late", /plan is not ready/);
  bench.planning.manual = false;
  bench.planning.release();
  await bench.controller.settled();
  assert.equal((await bench.period()).state, "planning");
  assert.equal(bench.planning.requests.at(-1)!.shift, 3, "the warm start moves on by all actions sent since");
  await bench.until("reached");
});

test("a plan for which nothing could be scored is a late plan", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.planning.mood = "nothing_scored";
  await bench.period();
  const status = await bench.until("holding", 5);
  assertHolds(bench, status, "plan_late", /not ready/);
  assert.equal((await bench.period()).holdReason, "plan_late");
  bench.planning.mood = "good";
  await bench.until("reached");
});

const badPlans: readonly [ToyMood, HoldReason, RegExp][] = [
  ["not_finite", "plan_not_finite", /actions that are not finite/],
  ["no_energy", "plan_not_finite", /energy of the plan is Infinity/],
  ["poisoned_energy", "plan_not_finite", /energy of the picture is NaN/],
  ["rejects", "internal_error", /planning failed: the toy has a bad day/],
];
for (const [mood, reason, sentence] of badPlans) {
  test(`${mood}: holds, tries again from a cold start, then gives up`, async () => {
    const bench = new TestBench();
    await bench.underWay();
    const resets = bench.planning.seeds.length;
    bench.planning.mood = mood;
    await bench.period();
    const first = await bench.period();
    assert.equal(first.state, "holding");
    assert.equal(first.final, false);
    assertHolds(bench, first, reason, sentence);
    let last = first;
    for (let i = 0; i < 4; i++) {
      last = await bench.period();
      assert.equal(last.state, "holding");
    }
    assert.equal(last.final, true);
    assert.match(last.sentence, /Given up after 2 retries\.$/);
    assert.equal(bench.planning.seeds.length, resets + 3);
    assert.equal(new Set(bench.planning.seeds).size, bench.planning.seeds.length, "every cold start has its own seed");
    bench.planning.mood = "good";
    assert.equal((await bench.period()).final, true, "a final hold does not end by itself");
    await bench.controller.setGoal({ name: "again", latent: LATENT });
    await bench.until("reached");
  });
}

test("a model that is not there is waited for, however long, and costs no retries", async () => {
  const bench = new TestBench({ retryAttemptLimit: 1 });
  await bench.underWay();
  bench.planning.mood = "unavailable";
  await bench.period();
  const first = await bench.period();
  assertHolds(bench, first, "inference_unavailable", /^Holding: the toy's server is away\.$/);
  for (let i = 0; i < 20; i++) {
    const status = await bench.period();
    assert.deepEqual([status.state, status.holdReason, status.final, status.retries], ["holding", "inference_unavailable", false, 0]);
  }
  assert.equal(bench.moving, false);
  bench.planning.mood = "good";
  await bench.until("reached");
});

test("a bad plan between good ones costs a retry and no more", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.planning.mood = "rejects";
  await bench.period();
  bench.planning.mood = "good";
  assert.equal((await bench.period()).retries, 1);
  const reached = await bench.until("reached");
  assert.equal(reached.retries, 0, "progress gives retries back");
});

test("a search that stalls starts anew with other random numbers and its whole width, then gives up", async () => {
  const bench = new TestBench({ progress: { plateauPictures: 3 }, stallRestartLimit: 2, explorationFloor: 0.1 });
  await bench.underWay();
  for (let i = 0; i < 4; i++) await bench.period();
  assert.ok(bench.planning.requests.at(-1)!.explorationScale < 1, "it is narrower on the way");
  bench.planning.mood = "never_improves";
  const seeds = bench.planning.seeds.length;
  const first = await bench.until("holding", 12);
  assert.equal(first.holdReason, "plan_not_improving");
  assert.equal(first.final, false);
  assert.equal(first.retries, 1);
  assert.equal(bench.planning.seeds.length, seeds + 1);
  await bench.period();
  assert.equal(bench.planning.requests.at(-1)!.explorationScale, 1);
  assert.equal(bench.planning.requests.at(-1)!.shift, 0, "without the old plan");
  let status = first;
  for (let i = 0; i < 40 && !status.final; i++) status = await bench.period();
  assertHolds(bench, status, "plan_not_improving", /energy stays at 1\.00 .* Given up after 2 new starts/);
  assert.equal(new Set(bench.planning.seeds).size, bench.planning.seeds.length);
});

test("a stall that is overcome is forgotten", async () => {
  const bench = new TestBench({ progress: { plateauPictures: 3 } });
  await bench.underWay();
  bench.planning.mood = "never_improves";
  await bench.until("holding", 12);
  bench.planning.mood = "good";
  assert.equal((await bench.until("reached")).retries, 0);
});

test("sub-goals are gone for in order, and only the last is reached", async () => {
  const bench = new TestBench();
  const places = [[0.3, 0, 0], [0.3, 0.3, 0], [0, 0.3, 0.2]];
  await bench.controller.setGoals("tour", places.map((place, i) => ({ name: `place ${i + 1}`, latent: Float32Array.from(place) })));
  const seen: string[] = [];
  const nearest = places.map(() => Infinity);
  for (let i = 0; i < 100 && bench.controller.status.state !== "reached"; i++) {
    const { subGoal } = await bench.period();
    if (subGoal !== undefined && seen.at(-1) !== subGoal.name) seen.push(subGoal.name);
    places.forEach((place, p) => {
      nearest[p] = Math.min(nearest[p]!, Math.hypot(...place.map((value, j) => value - bench.robot.positions[j]!)));
    });
  }
  const { status } = bench.controller;
  assert.equal(status.state, "reached", status.sentence);
  assert.match(status.sentence, /^Reached "tour"/);
  assert.deepEqual(seen, ["place 1", "place 2", "place 3"]);
  assert.deepEqual(status.subGoal, { name: "place 3", number: 3, count: 3 });
  assert.ok(nearest.every((distance) => distance < 0.03), nearest.join(" "));
  assert.ok(status.startEnergy! < 0.2, "the start energy is the last sub-goal's own");
  endsInStop(bench);
});

test("sub-goals that were done before are counted, though not gone for again", async () => {
  const bench = new TestBench();
  const last = { name: "place 3", latent: Float32Array.from([0.3, 0, 0]) };
  await bench.controller.setGoals("tour", [last], { behind: 2 });
  const status = await bench.period();
  assert.deepEqual(status.subGoal, { name: "place 3", number: 3, count: 3 });
  assert.match(status.sentence, /"tour" \(3 of 3, "place 3"\)/);
  assert.equal((await bench.until("reached")).goalName, "tour");
});

test("a sub-goal's own tolerance decides about it, and the last one's about the goal", async () => {
  const bench = new TestBench();
  const one = { name: "one", latent: Float32Array.from([0.8, 0, 0]), reachedBelow: 0.2 };
  const two = { name: "two", latent: Float32Array.from([0, 0.8, 0]), reachedBelow: 0.1 };
  await bench.controller.setGoals("tour", [one, two], { reachedBelow: 1e-6 });
  let farthest = 0;
  for (let i = 0; i < 60 && bench.controller.status.subGoal?.number !== 2; i++) {
    await bench.period();
    farthest = Math.max(farthest, bench.robot.positions[0]!);
  }
  assert.ok(farthest > 0.3 && farthest < 0.7, `near enough by its own measure: ${farthest}`);
  const { sentence } = await bench.until("reached");
  assert.match(sentence, /Reached "tour": energy .* \(limit 0\.100\)\.$/);
  assert.ok(bench.robot.positions[1]! < 0.7, "the last one's, too");
});

test("a sub-goal that cannot quite be reached is left at a low plateau; the last one is not", async () => {
  // Two radians are out of the first joint's reach by a little.
  const bench = new TestBench({ progress: { plateauPictures: 4, lastPlateauPictures: 8 }, stallRestartLimit: 0 });
  const out = { name: "out of reach", latent: Float32Array.from([3, 0, 0]) };
  await bench.controller.setGoals("first", [out, { name: "home", latent: Float32Array.from([2.5, 0, 0]) }]);
  assert.equal((await bench.until("reached", 150)).goalName, "first");
  await bench.controller.setGoal(out);
  const status = await bench.until("holding", 60);
  assert.equal(status.holdReason, "plan_not_improving");
  assert.equal(status.final, true);
});

test("a goal without pictures, or with one that is unusable, is refused and changes nothing", async () => {
  const bench = new TestBench();
  await bench.underWay();
  await assert.rejects(bench.controller.setGoals("nothing", []), /"nothing" has no pictures/);
  await assert.rejects(bench.controller.setGoals("two", [{ name: "good", latent: LATENT }, { name: "bad", latent: new Float32Array(2) }]), /"bad" must be 3/);
  assert.equal((await bench.period()).goalName, "there");
});

test("a stop between two sub-goals is a stop", async () => {
  const bench = new TestBench();
  await bench.controller.setGoals("tour", [{ name: "one", latent: Float32Array.from([0.2, 0, 0]) }, { name: "two", latent: LATENT }]);
  while (bench.controller.status.subGoal?.number !== 2) await bench.period();
  bench.controller.stop();
  bench.nowS += 1;
  assert.equal(bench.moving, false);
  assert.equal((await bench.period()).state, "stopped");
});

test("targets that are not numbers are a hold", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.targetsBecome = (targets) => targets.fill(NaN);
  assertHolds(bench, await bench.period(), "command_not_finite", /target of fr3_joint1 is NaN/);
  bench.targetsBecome = undefined;
  await bench.until("reached");
});

test("a robot that does not follow is a hold, and final when it stays so", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.sensorOffset = [0, 0.5, 0];
  assertHolds(bench, await bench.period(), "tracking_error", /fr3_joint2 is 0\.5000 away/);
  const sent = bench.sent.length;
  let status = await bench.period();
  for (let i = 0; i < 10 && !status.final; i++) {
    assert.equal(status.holdReason, "tracking_error");
    status = await bench.period();
  }
  assert.equal(status.final, true);
  assert.equal(bench.sent.length, sent, "a robot that stands is sent nothing");
});

test("an arm that is held back is not pushed on: actions start near where it is", async () => {
  const bench = new TestBench();
  await bench.underWay();
  const held = -0.15;
  bench.sensorOffset = [held, 0, 0];
  let lead = Infinity;
  bench.targetsBecome = (targets) => {
    lead = targets[0]! - (bench.robot.positions[0]! + held);
    return targets;
  };
  assert.equal((await bench.period()).state, "planning");
  // The leash and one action of the toy.
  assert.ok(lead > 0 && lead <= 0.05 + 0.05 + 1e-6, `${lead} rad ahead`);
});

test("a joint outside its limits is a hold, until a step brings it back in", async () => {
  const bench = new TestBench();
  bench.sensorOffset = [2.8, 0, 0];
  await bench.controller.setGoal({ name: "farther out", latent: Float32Array.from([3.2, 0, 0]) });
  await bench.period();
  const status = await bench.period();
  assert.equal(status.holdReason, "joint_out_of_bounds");
  assert.match(status.sentence, /fr3_joint1 is at 2\.8000/);
  assert.deepEqual(bench.sent, []);
});

test("an error of the action space is a final hold", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.targetsBecome = () => {
    throw new Error("no kinematics today");
  };
  const status = await bench.period();
  assert.equal(status.final, true);
  assertHolds(bench, status, "internal_error", /unexpected error: no kinematics today/);
});

test("an error of the planning service itself is a final hold", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.planning.mood = "throws";
  const status = await bench.period();
  assertHolds(bench, status, "internal_error", /the toy throws/);
});

test("when nothing can be sent, the last trajectory stops the robot", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.sendFails = true;
  const status = await bench.period();
  assertHolds(bench, status, "internal_error", /the line is dead The hold could not be sent: the line is dead/);
  bench.sendFails = false;
  await bench.controller.setGoal({ name: "again", latent: LATENT });
  await bench.until("reached");
});

test("a controller whose status cannot be published holds", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.publishFails = true;
  assertHolds(bench, await bench.period(), "internal_error", /nobody listens/);
});

test("stop is latched until reset, between ticks too", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.nowS -= 0.13;
  const count = bench.sent.length;
  bench.controller.stop();
  assert.equal(bench.sent.length, count + 1, "the stop is sent at once");
  assertHolds(bench, bench.controller.status, "stopped_by_user", /Stopped by the user until reset/);
  await bench.period();
  assert.equal(bench.controller.status.state, "stopped");
  bench.controller.clearGoal();
  assert.equal(bench.controller.status.state, "stopped");
  await assert.rejects(bench.controller.setGoal({ name: "no", latent: LATENT }), /Stopped by the user/);
  bench.controller.reset();
  assert.equal((await bench.period()).state, "idle");
  assert.equal(bench.sent.length, count + 1, "the old goal is forgotten");
  await bench.controller.setGoal({ name: "again", latent: LATENT });
  await bench.until("reached");
});

test("a goal still being encoded does not outlive a stop", async () => {
  const bench = new TestBench();
  const coming = bench.controller.setGoal({ name: "late", image: { width: 1, height: 1, data: new Uint8Array(3) } });
  bench.controller.stop();
  bench.controller.reset();
  await assert.rejects(coming, /"late" was replaced/);
  assert.equal((await bench.period()).state, "idle");
});

test("clearing the goal brakes", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.controller.clearGoal();
  assertHolds(bench, bench.controller.status, "no_goal", /Idle/);
  assert.equal((await bench.period()).state, "idle");
});

test("shutdown brakes and nothing is accepted afterwards", async () => {
  const bench = new TestBench();
  await bench.underWay();
  bench.controller.shutdown();
  assertHolds(bench, bench.controller.status, "shutdown", /Shut down/);
  bench.controller.reset();
  assert.equal((await bench.period()).state, "stopped");
  await assert.rejects(bench.controller.setGoal({ name: "no", latent: LATENT }), /Shut down/);
  assert.equal(bench.planning.closed, false, "the planning service is its owner's");
});

test("a reached goal is gone back to only when asked to keep tracking", async () => {
  for (const keepTracking of [false, true]) {
    const bench = new TestBench({ keepTracking });
    await bench.controller.setGoal({ name: "there", latent: LATENT });
    await bench.until("reached");
    for (let i = 0; i < 3; i++) assert.equal((await bench.period()).state, "reached");
    // Somebody moves the robot, less than the tracking tolerance.
    bench.sensorOffset = [0.1, 0, 0];
    const states = [];
    for (let i = 0; i < 4; i++) states.push((await bench.period()).state);
    assert.equal(states.includes("planning"), keepTracking, states.join(" "));
    bench.sensorOffset = [0, 0, 0];
    await bench.until("reached");
  }
});

test("after standing still the setpoint is taken from the robot", async () => {
  const bench = new TestBench();
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  await bench.until("reached");
  bench.nowS += 1;
  bench.sensorOffset = [-0.4, 0, 0];
  await bench.controller.setGoal({ name: "again", latent: LATENT });
  await bench.period();
  bench.sensorOffset = [-0.4, 0, 0];
  const asked = bench.planning.requests.at(-1)!;
  assert.ok(Math.abs(asked.state[0]! - (bench.robot.positions[0]! - 0.4)) < 1e-5);
  assert.equal(bench.controller.status.state, "planning");
});

test("the search narrows near the goal when asked to", async () => {
  const bench = new TestBench({ explorationFloor: 0.2 });
  await bench.controller.setGoal({ name: "there", latent: LATENT });
  await bench.until("reached");
  const scales = bench.planning.requests.map((request) => request.explorationScale);
  assert.equal(scales[0], 1);
  assert.ok(scales.at(-1)! >= 0.2 && scales.at(-1)! < 0.3);
});

test("a model that looks only one step ahead is refused", () => {
  assert.throws(() => new TestBench({}, new ToyPlanning(3, 1)), /horizon is 1/);
});

/** Everything that can happen to a controller. */
const happening = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("period" as const), times: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), forS: fc.double({ min: 0, max: 0.6, noNaN: true }) }) },
  { weight: 4, arbitrary: fc.constantFrom({ kind: "image" as const }, { kind: "joints" as const }, { kind: "tick" as const }, { kind: "release" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("tour" as const), x: fc.double({ min: -4, max: 4, noNaN: true }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("goal" as const), latent: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: "clear" as const }, { kind: "stop" as const }, { kind: "reset" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("mood" as const),
      mood: fc.constantFrom<ToyMood>("good", "good", "not_finite", "no_energy", "nothing_scored", "rejects", "unavailable", "throws", "never_improves", "poisoned_energy"),
      manual: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "poison" as const, on: true }, { kind: "poison" as const, on: false }) },
);

test("whatever happens, no trajectory breaks a limit and the robot can always stop", async () => {
  const property = fc.asyncProperty(fc.array(happening, { minLength: 10, maxLength: 60 }), fc.constantFrom(0.05, 0.3, 2), async (events, largestStep) => {
    // The bench's robot fails the test when a trajectory breaks a limit, jumps, or does not end in a stop.
    const bench = new TestBench({ progress: { plateauPictures: 3, lastPlateauPictures: 5 }, keepTracking: true }, new ToyPlanning(3, 4, largestStep));
    const faults = new Set<ControllerStatus["state"]>(["holding", "stopped", "idle", "waiting_for_inputs", "reached"]);
    await bench.underWay([3, -2, 1.5]);
    for (const event of events) {
      switch (event.kind) {
        case "period":
          for (let i = 0; i < event.times; i++) {
            bench.inputs();
            bench.controller.tick();
            if (!bench.planning.manual) await bench.controller.settled();
            bench.nowS += PERIOD_S;
          }
          break;
        case "wait": bench.nowS += event.forS; break;
        case "image": bench.image(); break;
        case "joints": bench.joints(); break;
        case "tick": bench.controller.tick(); break;
        case "release": bench.planning.release(); await Promise.resolve(); break;
        case "goal": await bench.controller.setGoal({ name: "goal", latent: Float32Array.from(event.latent) }).catch(() => undefined); break;
        case "tour":
          await bench.controller.setGoals("tour", [[event.x, 0, 0], [0, event.x, 0], [0, 0, 0.1]]
            .map((place, i) => ({ name: `place ${i}`, latent: Float32Array.from(place) }))).catch(() => undefined);
          break;
        case "clear": bench.controller.clearGoal(); break;
        case "stop": bench.controller.stop(); break;
        case "reset": bench.controller.reset(); break;
        case "mood":
          bench.planning.mood = event.mood;
          bench.planning.manual = event.manual;
          if (!event.manual) bench.planning.release();
          break;
        case "poison": bench.targetsBecome = event.on ? (targets) => targets.fill(NaN) : undefined; break;
        default: event satisfies never;
      }
      const { status } = bench.controller;
      assert.ok(status.sentence.length > 0);
      if (faults.has(status.state) && status.state !== "planning") {
        assert.ok(status.holdReason !== undefined, JSON.stringify(status));
      }
    }
    bench.controller.stop();
    bench.check();
    bench.nowS += 1;
    assert.equal(bench.moving, false);
    bench.planning.release();
    await bench.controller.settled();
  });
  await fc.assert(property, { numRuns: 120 });
});
