import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import type { Guard, Motion, Verdict } from "../../src/safety/guards/guard.js";
import { HOME, JOINTS, atRest } from "./joints.js";
import { TrajectoryPlayer } from "./trajectory-player.js";

const PERIOD_S = 0.2;
const margin = (name: string): number => (name.includes("finger") ? 0 : 0.1);
const armSpeed = (velocities: ArrayLike<number>): number => Math.hypot(...Array.from(velocities).slice(0, 7));

function guarded(assess: (motion: Motion) => Verdict, start: readonly number[] = HOME): CommandPipeline {
  const guard: Guard = { name: "test", assess };
  const pipeline = new CommandPipeline(JOINTS, { guards: [guard] });
  pipeline.reset(atRest(start));
  return pipeline;
}

function moved(by: readonly number[], from: ArrayLike<number> = HOME): Float64Array {
  return Float64Array.from(from, (position, j) => position + (by[j] ?? 0));
}

const slowTo = (scale: number): Verdict => scale === 1 ? { scale } : { scale, reason: "collision_near", sentence: "Something is near." };

test("a guard that allows everything changes nothing", () => {
  const free = new CommandPipeline(JOINTS);
  free.reset(atRest(HOME));
  const command = guarded(() => ({ scale: 1 })).command(moved([0.03, -0.02]), PERIOD_S);
  assert.deepEqual(command, free.command(moved([0.03, -0.02]), PERIOD_S));
});

test("a step is as slow as the guard wants, in its direction, and says why", () => {
  const pipeline = guarded(() => slowTo(0.4));
  const command = pipeline.command(moved([0.05, 0.02]), PERIOD_S);
  assert.ok(command.kind === "move");
  assert.ok(Math.abs(command.scale - 0.4) < 1e-9, `${command.scale}`);
  assert.deepEqual(command.slowed, slowTo(0.4));
  const { positions } = pipeline.setpoint;
  assert.ok(Math.abs(positions[0]! - 0.02) < 1e-9 && Math.abs(positions[1]! + 0.5 - 0.008) < 1e-9);
});

test("a limit of speed holds along the whole step, also from a stand, where the middle is faster than the mean", () => {
  const limit = 0.2;
  let fastest = 0;
  const pipeline = guarded(({ velocities }) => {
    const speed = armSpeed(velocities);
    return speed <= limit ? { scale: 1 } : { scale: limit / speed, reason: "cartesian_speed", sentence: "Too fast." };
  });
  for (let i = 0; i < 6; i++) {
    const command = pipeline.command(moved([0.05, 0.05, -0.05], pipeline.setpoint.positions), PERIOD_S);
    assert.ok(command.kind === "move" && command.slowed?.reason === "cartesian_speed");
    for (let t = 0; t <= PERIOD_S; t += 0.005) fastest = Math.max(fastest, armSpeed(pipeline.setpointAt(t).velocities));
  }
  assert.ok(fastest <= 1.03 * limit && fastest > 0.8 * limit, `${fastest}`);
});

test("a guard that halts is a hold with its reason; the gripper still works when it lets go", () => {
  let scale = 0;
  const pipeline = guarded(() => slowTo(scale));
  const command = pipeline.command(moved([0.05]), PERIOD_S);
  assert.ok(command.kind === "hold" && command.reason === "collision_near" && command.sentence === "Something is near.");
  scale = 1;
  assert.equal(pipeline.command(moved([0.05]), PERIOD_S).kind, "move");
});

test("restsInS is the time to the end of what was commanded", () => {
  const pipeline = guarded(() => slowTo(1));
  assert.equal(pipeline.restsInS, 0);
  const { points } = pipeline.command(moved([0.05]), PERIOD_S).trajectory;
  pipeline.advance(0.05);
  assert.ok(Math.abs(pipeline.restsInS - (points.at(-1)!.timeFromStartS - 0.05)) < 1e-9);
  pipeline.hold();
  assert.equal(pipeline.restsInS, 0);
});

test("where a whole step must not end, a part of it is taken", () => {
  const wall = HOME[0]! + 0.03;
  const pipeline = guarded(({ rest }) => rest[0]! > wall ? { scale: 0, reason: "collision_near", sentence: "Holding: a wall." } : { scale: 1 });
  const command = pipeline.command(moved([0.06]), PERIOD_S);
  assert.ok(command.kind === "move" && command.scale === 0.25, JSON.stringify(command));
  assert.deepEqual(command.slowed, { scale: 0.25, reason: "collision_near", sentence: "Holding: a wall." });
  assert.ok(command.trajectory.points.at(-1)!.positions[0]! <= wall);
  for (let i = 0; i < 5; i++) pipeline.command(moved([0.06], pipeline.setpoint.positions), PERIOD_S);
  assert.ok(pipeline.hold().points.at(-1)!.positions[0]! <= wall);
});

for (const [name, assess] of [
  ["answers NaN", () => ({ scale: NaN })], ["answers 2", () => ({ scale: 2 })], ["answers -1", () => ({ scale: -1 })], ["throws", () => { throw new Error("no licence"); }],
] as const) {
  test(`a guard that ${name} halts and is named`, () => {
    const command = guarded(assess).command(moved([0.05]), PERIOD_S);
    assert.ok(command.kind === "hold" && command.reason === "internal_error");
    assert.match(command.sentence, /"test"/);
  });
}

test("the guard is told where the arm is, how fast it is wanted to be before any slow-down, and where it would come to rest", () => {
  const told: Motion[] = [];
  const pipeline = guarded((motion) => {
    told.push({ positions: Float64Array.from(motion.positions), velocities: Float64Array.from(motion.velocities), rest: Float64Array.from(motion.rest) });
    return slowTo(0.5);
  });
  pipeline.command(moved([0.04]), PERIOD_S);
  pipeline.advance(0.1);
  told.length = 0;
  const seen = pipeline.watch();
  assert.equal(seen.kind, "clear");
  const motion = told[0]!;
  const now = pipeline.setpointAt(0.1);
  assert.ok(Math.abs(motion.positions[0]! - now.positions[0]!) < 1e-12);
  assert.ok(Math.abs(motion.velocities[0]! - 2 * now.velocities[0]!) < 1e-9, "it has half of what was wanted");
  assert.ok(motion.rest[0]! > now.positions[0]!);
});

test("watch(): what comes near in the middle of a step slows its rest along the same line", () => {
  let scale = 1;
  const pipeline = guarded(() => slowTo(scale));
  const player = new TrajectoryPlayer(JOINTS, HOME, margin);
  for (let i = 0; i < 3; i++) {
    const command = pipeline.command(moved([0.06, -0.03], pipeline.setpoint.positions), PERIOD_S);
    player.play(command.trajectory, i < 2 ? PERIOD_S : 0.06);
  }
  pipeline.advance(0.06);
  const before = pipeline.setpoint;
  scale = 0.3;
  const seen = pipeline.watch();
  assert.ok(seen.kind === "slowed" && seen.slowed.reason === "collision_near");
  player.play(seen.trajectory, 0.14);
  pipeline.advance(0.14);
  const after = pipeline.setpoint;
  assert.ok(armSpeed(after.velocities) < 0.45 * armSpeed(before.velocities), `${armSpeed(after.velocities)} of ${armSpeed(before.velocities)}`);
  const [dx, dy] = [after.positions[0]! - before.positions[0]!, after.positions[1]! - before.positions[1]!];
  assert.ok(Math.abs(dy / dx + 0.5) < 1e-3, `direction ${dy / dx}`);
  assert.equal(pipeline.watch().kind, "clear", "it is slow enough now");
});

test("watch(): a halt brakes with its reason, a joint that does not follow is a fault, a robot that stands is left alone", () => {
  let scale = 1;
  const pipeline = guarded(() => slowTo(scale));
  scale = 0;
  assert.equal(pipeline.watch().kind, "clear");
  scale = 1;
  pipeline.command(moved([0.05]), PERIOD_S);
  pipeline.advance(0.1);
  const there = pipeline.setpoint.positions;
  assert.equal(pipeline.watch({ state: atRest([...there]), atS: 0.1 }).kind, "clear");
  const fault = pipeline.watch({ state: atRest([...moved([0.3], there)]), atS: 0.1 });
  assert.ok(fault.kind === "hold" && fault.reason === "tracking_error");
  pipeline.command(moved([0.05], pipeline.setpoint.positions), PERIOD_S);
  pipeline.advance(0.1);
  scale = 0;
  const halt = pipeline.watch();
  assert.ok(halt.kind === "hold" && halt.reason === "collision_near");
  assert.ok(halt.trajectory.points.at(-1)!.velocities.every((velocity) => velocity === 0));
});

test("whatever the guards say and whenever they are asked, no limit is broken and nothing jumps", () => {
  const step = fc.record({
    by: fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 8, maxLength: 8 }),
    planned: fc.constantFrom(1, 1, 0.7, 0.2, 0),
    looks: fc.array(fc.tuple(fc.double({ min: 0.004, max: 0.08, noNaN: true }), fc.constantFrom(1, 1, 1, 0.6, 0.25, 0.05, 0, NaN)), { maxLength: 6 }),
  });
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
    let scale = 1;
    const pipeline = guarded(() => slowTo(scale));
    const player = new TrajectoryPlayer(JOINTS, HOME, margin);
    for (const { by, planned, looks } of steps) {
      scale = planned;
      let trajectory = pipeline.command(moved(by, pipeline.setpoint.positions), PERIOD_S).trajectory;
      let leftS = PERIOD_S;
      for (const [afterS, now] of looks) {
        scale = now;
        player.play(trajectory, afterS);
        pipeline.advance(afterS);
        leftS = Math.max(0, leftS - afterS);
        const seen = pipeline.watch();
        // Without a new trajectory the old one goes on; here it is sent again from where it is.
        trajectory = seen.kind === "clear" ? pipeline.hold() : seen.trajectory;
        for (const [j, position] of pipeline.setpointAt(0).positions.entries()) assert.ok(Math.abs(player.positions[j]! - position) < 1e-7);
      }
      player.play(trajectory, leftS);
      pipeline.advance(leftS);
      for (const [j, velocity] of pipeline.setpoint.velocities.entries()) assert.ok(Math.abs(player.velocities[j]! - velocity) < 1e-6);
    }
  }), { numRuns: 100 });
});
