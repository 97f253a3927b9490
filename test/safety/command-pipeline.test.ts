import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Command, CommandPipeline } from "../../src/safety/command-pipeline.js";
import { HOME, JOINTS, atRest } from "./joints.js";
import { TrajectoryPlayer } from "./trajectory-player.js";

const PERIOD_S = 0.2;
const margin = (name: string): number => (name.includes("finger") ? 0 : 0.1);
const close = (actual: number, wanted: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);

function ready(positions: readonly number[] = HOME): CommandPipeline {
  const pipeline = new CommandPipeline(JOINTS);
  pipeline.reset(atRest(positions));
  return pipeline;
}

function moved(by: readonly number[], from: ArrayLike<number> = HOME): Float64Array {
  return Float64Array.from(from, (position, j) => position + (by[j] ?? 0));
}

function move(command: Command): Extract<Command, { kind: "move" }> {
  assert.ok(command.kind === "move", JSON.stringify(command));
  return command;
}

test("a small step is taken whole: way-point after the period, then a stop", () => {
  const pipeline = ready();
  const command = move(pipeline.command(moved([0.02]), PERIOD_S));
  assert.equal(command.scale, 1);
  assert.equal(command.trajectory.points.length, 2);
  const [waypoint, stop] = command.trajectory.points;
  close(waypoint!.positions[0]!, 0.02);
  close(waypoint!.velocities[0]!, 0.1);
  close(waypoint!.timeFromStartS, PERIOD_S);
  assert.ok(stop!.positions[0]! > 0.02);
  assert.ok(stop!.velocities.every((v) => v === 0));
  close(pipeline.setpoint.positions[0]!, 0.02);
  close(pipeline.setpoint.velocities[0]!, 0.1);
});

test("a row of equal steps becomes constant velocity", () => {
  const pipeline = ready();
  for (let i = 0; i < 5; i++) pipeline.command(moved([0.05], pipeline.setpoint.positions), PERIOD_S);
  close(pipeline.setpoint.positions[0]!, 0.25);
  close(pipeline.setpoint.velocities[0]!, 0.25);
});

test("one scale for all arm joints: their direction is kept", () => {
  const pipeline = ready();
  const command = move(pipeline.command(moved([0.8, 0.4, -0.2]), PERIOD_S));
  assert.ok(command.scale > 0 && command.scale < 1);
  const { positions } = pipeline.setpoint;
  close(positions[0]! / 0.8, command.scale);
  close((positions[1]! - HOME[1]!) / 0.4, command.scale);
  close((positions[2]! - HOME[2]!) / -0.2, command.scale);
});

test("the gripper has a scale of its own", () => {
  const slow = ready();
  const command = move(slow.command(moved([0.02, 0, 0, 0, 0, 0, 0, -0.02]), PERIOD_S));
  assert.equal(command.scale, 1);
  assert.ok(command.gripperScale < 1);
  close(slow.setpoint.velocities[7]!, 0);
});

test("the gripper reaches both ends of its range without overshoot", () => {
  const pipeline = ready();
  for (const end of [0, 0.04, 0]) {
    for (let i = 0; i < 12; i++) {
      const target = pipeline.setpoint.positions;
      target[7] = end;
      pipeline.command(target, PERIOD_S);
    }
    close(pipeline.setpoint.positions[7]!, end, 1e-7);
  }
});

test("arm joints stop at their margin, however often they are asked to go on", () => {
  const pipeline = ready();
  for (let i = 0; i < 40; i++) pipeline.command(moved([0.3], pipeline.setpoint.positions), PERIOD_S);
  close(pipeline.setpoint.positions[0]!, 2.7437 - 0.1, 1e-3);
  assert.ok(pipeline.setpoint.positions[0]! <= 2.6437 + 1e-6);
});

for (const bad of [NaN, Infinity, -Infinity]) {
  test(`a target of ${bad} is a hold`, () => {
    const pipeline = ready();
    pipeline.command(moved([0.05]), PERIOD_S);
    const command = pipeline.command(moved([0, bad]), PERIOD_S);
    assert.ok(command.kind === "hold");
    assert.equal(command.reason, "command_not_finite");
    assert.match(command.sentence, /fr3_joint2/);
    assert.ok(command.trajectory.points.at(-1)!.velocities.every((v) => v === 0));
    assert.ok(pipeline.setpoint.velocities.every((v) => v === 0));
  });
}

test("a wrong number of targets or an impossible period is a hold", () => {
  for (const command of [ready().command(new Float64Array(3), PERIOD_S), ready().command(moved([]), 0), ready().command(moved([]), NaN)]) {
    assert.ok(command.kind === "hold");
    assert.equal(command.reason, "command_not_finite");
  }
});

test("a measured joint far from its setpoint is a hold that names it and the distance", () => {
  const command = ready().command(moved([0.02]), PERIOD_S, atRest([...moved([0, 0, 0.3])]));
  assert.ok(command.kind === "hold");
  assert.equal(command.reason, "tracking_error");
  assert.match(command.sentence, /fr3_joint3.*0\.3000/);
});

test("a gripper pressing on an object is no tracking error", () => {
  const pipeline = ready([0, -0.5, 0, -2.2, 0, 1.8, 0.78, 0]);
  const command = pipeline.command(moved([0.02]), PERIOD_S, atRest([0, -0.5, 0, -2.2, 0, 1.8, 0.78, 0.03]));
  move(command);
});

test("a measured joint that is not a number is a hold", () => {
  const command = ready().command(moved([0.02]), PERIOD_S, atRest([...moved([0, NaN])]));
  assert.ok(command.kind === "hold");
  assert.equal(command.reason, "tracking_error");
});

test("a joint outside its limits may move back in, not farther out, and nothing else moves meanwhile", () => {
  const outside = [2.85, ...HOME.slice(1)];
  const measured = atRest(outside);
  for (const by of [[0.05], [0, 0.05]]) {
    const command = ready(outside).command(moved(by, outside), PERIOD_S, measured);
    assert.ok(command.kind === "hold");
    assert.equal(command.reason, "joint_out_of_bounds");
    assert.match(command.sentence, /fr3_joint1 .*2\.8500/);
  }
  const pipeline = ready(outside);
  const command = move(pipeline.command(moved([-0.04, 0.01], outside), PERIOD_S, measured));
  assert.equal(command.scale, 1);
  close(pipeline.setpoint.positions[0]!, 2.81);
});

test("hold() brakes and leaves the setpoint at its end", () => {
  const pipeline = ready();
  pipeline.command(moved([0.05]), PERIOD_S);
  const { positions, velocities } = pipeline.setpoint;
  const held = pipeline.hold();
  const end = held.points.at(-1)!;
  assert.ok(end.velocities.every((v) => v === 0));
  // At the way-point there is no acceleration: the velocity falls symmetrically.
  close(end.positions[0]!, positions[0]! + (velocities[0]! * end.timeFromStartS) / 2);
  close(pipeline.setpoint.positions[0]!, end.positions[0]!);
  close(pipeline.hold().points.at(-1)!.positions[0]!, end.positions[0]!);
});

test("a hold in the middle of a step goes on along it where braking at once would leave the bounds", () => {
  const two = JOINTS.slice(0, 2);
  const pipeline = new CommandPipeline(two);
  pipeline.reset(atRest([2.533575, -0.5]));
  // The second joint is fast and makes the common braking time long; the first would come too near to its limit by then.
  for (const by of [[0.0175, 0.0809], [0.082, 0.1254], [0.021, 0.3895]]) pipeline.command(moved(by, pipeline.setpoint.positions), PERIOD_S);
  pipeline.advance(0.059);
  const held = pipeline.hold();
  assert.equal(held.points.length, 2);
  for (const point of held.points) assert.ok(point.positions[0]! <= two[0]!.upper - 0.1 + 1e-6, `${point.positions[0]!}`);
  assert.ok(held.points[1]!.velocities.every((v) => v === 0));
});

test("limits without room and commands without a setpoint are errors", () => {
  assert.throws(() => new CommandPipeline([{ name: "narrow", lower: 0, upper: 0.1, maxVelocity: 1, maxAcceleration: 1, maxJerk: 100 }]), /narrow/);
  assert.throws(() => new CommandPipeline([{ name: "dead", lower: -1, upper: 1, maxVelocity: 0, maxAcceleration: 1, maxJerk: 100 }]), /dead: maxVelocity is 0/);
  assert.throws(() => new CommandPipeline(JOINTS).hold(), /reset/);
  assert.throws(() => new CommandPipeline(JOINTS).reset(atRest(HOME.map((q, j) => (j === 2 ? NaN : q)))), /fr3_joint3/);
});

/** A step by joint: small, huge, or one of the numbers that break things. */
const stepBy = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -0.15, max: 0.15, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1e-300, 1e300, -1.7e308, 100, -100) },
);
const event = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("step" as const), by: fc.array(stepBy, { minLength: 8, maxLength: 8 }), again: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("poison" as const), by: fc.constantFrom(NaN, Infinity, -Infinity), joint: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("hold" as const) }) },
);
/** When the next command comes, in shares of the period; 1 is on time. */
const handover = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) });

function startPositions(shares: readonly number[]): number[] {
  return JOINTS.map(({ name, lower, upper }, j) => {
    const m = margin(name);
    return lower + m + shares[j]! * (upper - lower - 2 * m);
  });
}

test("whatever is asked for and whenever, no limit is broken and nothing jumps", () => {
  const starts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });
  const events = fc.array(fc.tuple(event, handover), { minLength: 1, maxLength: 25 });
  fc.assert(fc.property(starts, events, (shares, sequence) => {
    const start = startPositions(shares);
    const pipeline = ready(start);
    const player = new TrajectoryPlayer(JOINTS, start, margin);
    for (const [happening, share] of sequence) {
      const repeats = happening.kind === "step" ? happening.again : 1;
      for (let i = 0; i < repeats; i++) {
        for (const [j, position] of pipeline.setpoint.positions.entries()) close(player.positions[j]!, position, 1e-7);
        for (const [j, velocity] of pipeline.setpoint.velocities.entries()) close(player.velocities[j]!, velocity, 1e-6);
        const target = pipeline.setpoint.positions;
        let trajectory;
        if (happening.kind === "hold") trajectory = pipeline.hold();
        else {
          if (happening.kind === "step") for (const [j, by] of happening.by.entries()) target[j]! += by;
          else target[happening.joint] = happening.by;
          const command = pipeline.command(target, PERIOD_S);
          assert.equal(command.kind, happening.kind === "step" ? "move" : "hold");
          trajectory = command.trajectory;
        }
        player.play(trajectory, share * PERIOD_S);
        pipeline.advance(share * PERIOD_S);
      }
    }
  }), { numRuns: 120 });
});

test("on time, without advance(), the setpoint is where the robot is", () => {
  fc.assert(fc.property(fc.array(fc.array(stepBy, { minLength: 8, maxLength: 8 }), { maxLength: 40 }), (steps) => {
    const pipeline = ready();
    const player = new TrajectoryPlayer(JOINTS, HOME, margin);
    for (const by of steps) {
      const before = pipeline.setpoint;
      const target = moved(by, before.positions);
      const command = move(pipeline.command(target, PERIOD_S));
      player.play(command.trajectory, PERIOD_S);
      for (const [j, position] of pipeline.setpoint.positions.entries()) close(player.positions[j]!, position, 1e-7);
      if (command.scale > 0) {
        for (let j = 0; j < 7; j++) {
          close(pipeline.setpoint.positions[j]! - before.positions[j]!, command.scale * (target[j]! - before.positions[j]!), 1e-7);
        }
      }
    }
    const held = pipeline.hold();
    player.play(held, held.points.at(-1)!.timeFromStartS);
    for (const velocity of player.velocities) close(velocity, 0);
  }), { numRuns: 80 });
});
