import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RefusedCommand, TrajectoryController } from "../../sim/trajectory-controller.js";
import type { JointTrajectory } from "../../src/robot/types.js";
import { sampleQuintic } from "../../src/safety/quintic.js";
import { uniform } from "../uniform.js";

const NAMES = ["shoulder", "elbow"];

/** A point: time, positions, velocities (none: positions only). */
type Point = readonly [timeS: number, positions: number[], velocities?: number[]];

function trajectory(points: readonly Point[], jointNames: readonly string[] = NAMES): JointTrajectory {
  return { jointNames, points: points.map(([timeFromStartS, positions, velocities = []]) => ({ timeFromStartS, positions, velocities })) };
}

function close(actual: number, wanted: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${actual} is not ${wanted}`);
}

/** A controller half a second into a movement of one second. */
function moving(): TrajectoryController {
  const controller = new TrajectoryController(NAMES, [0, 0]);
  controller.setTrajectory(trajectory([[1, [1, -1], [0, 0]]]), 0);
  controller.sample(0.5);
  return controller;
}

function sampled(controller: TrajectoryController, times: readonly number[]): number[][] {
  return times.map((timeS) => {
    const { positions, velocities } = controller.sample(timeS);
    return [...positions, ...velocities];
  });
}

const REFUSED: readonly (readonly [what: string, trajectory: JointTrajectory, line: RegExp])[] = [
  ["an unknown joint", trajectory([[1, [0, 0]]], ["shoulder", "wrist"]), /"wrist"/],
  ["a missing joint", trajectory([[1, [0]]], ["shoulder"]), /"elbow" is missing/],
  ["no joints", trajectory([[1, []]], []), /"shoulder" is missing/],
  ["a joint too many", trajectory([[1, [0, 0, 0]]], [...NAMES, "wrist"]), /"wrist"/],
  ["a joint named twice", trajectory([[1, [0, 0]]], ["shoulder", "elbow", "shoulder"]), /"shoulder" is named twice/],
  ["no points", trajectory([]), /no points/],
  ["too few positions", trajectory([[1, [0]]]), /point 0 has 1 positions for 2 joints/],
  ["too many velocities", trajectory([[1, [0, 0], [0, 0, 0]]]), /point 0 has 3 velocities for 2 joints/],
  ["a position that is not a number", trajectory([[1, [0, 0]], [2, [0, NaN]]]), /positions of elbow at point 1 is NaN/],
  ["an infinite position", trajectory([[1, [-Infinity, 0]]]), /positions of shoulder at point 0 is -Infinity/],
  ["a velocity that is not a number", trajectory([[1, [0, 0], [NaN, 0]]]), /velocities of shoulder at point 0 is NaN/],
  ["a time that is not a number", trajectory([[NaN, [0, 0]]]), /point 0 is NaN s/],
  ["an endless time", trajectory([[1, [0, 0]], [Infinity, [0, 0]]]), /point 1 is Infinity s/],
  ["a negative time", trajectory([[-0.5, [0, 0]]]), /point 0 is -0.5 s; it must be 0 or more/],
  ["times that stand still", trajectory([[1, [0, 0]], [1, [1, 1]]]), /point 1 is 1 s; it must be more than the 1 s/],
  ["times that go back", trajectory([[1, [0, 0]], [0.5, [1, 1]]]), /point 1 is 0.5 s; it must be more than the 1 s/],
  ["a last point that still moves", trajectory([[1, [0, 0], [0, 0.1]]]), /last point is not zero/],
];

for (const [what, refused, line] of REFUSED) {
  test(`${what} is refused in one line and the movement goes on`, () => {
    const times = [0.5, 0.7, 0.9, 1.1];
    const undisturbed = sampled(moving(), times);
    const controller = moving();
    assert.throws(() => controller.setTrajectory(refused, 0.5), (error: unknown) => {
      assert.ok(error instanceof RefusedCommand);
      assert.doesNotMatch(error.message, /\n/);
      assert.match(error.message, line);
      return true;
    });
    assert.deepEqual(sampled(controller, times), undisturbed);
  });
}

test("a trajectory that is over before it comes is refused, with how long ago it ended", () => {
  const controller = moving();
  assert.throws(() => controller.setTrajectory(trajectory([[0.2, [5, 5]]]), 0.5, 0.1), /ended 0\.200 s ago/);
  close(controller.sample(1).positions[0]!, 1);
});

test("of a trajectory that came late, the part to come is driven from where the arm is", () => {
  const controller = new TrajectoryController(NAMES, [0, 0]);
  controller.setTrajectory(trajectory([[1, [9, 9]], [2, [2, 4]]]), 10, 8.5);
  const times = sampled(controller, [10, 10.25, 10.5, 11]);
  assert.deepEqual(times.map(([shoulder]) => shoulder), [0, 1, 2, 2]);
});

test("plain positions hold at once; a wrong count or number is refused and the movement goes on", () => {
  const controller = moving();
  assert.throws(() => controller.setPositions([1]), /^RefusedCommand: command: 1 values for 2 joints \(shoulder, elbow\)$/);
  assert.throws(() => controller.setPositions([0, NaN]), /elbow is NaN/);
  assert.deepEqual(sampled(controller, [0.6, 0.9]), sampled(moving(), [0.6, 0.9]));
  controller.setPositions([0.3, 0.4]);
  assert.deepEqual(sampled(controller, [0.95, 7]), [[0.3, 0.4, 0, 0], [0.3, 0.4, 0, 0]]);
});

test("joints may come in any order", () => {
  const controller = new TrajectoryController(NAMES, [0, 0]);
  controller.setTrajectory(trajectory([[1, [-1, 1], [0, 0]]], ["elbow", "shoulder"]), 0);
  assert.deepEqual(sampled(controller, [0.5, 0.9]), sampled(moving(), [0.5, 0.9]));
});

test("positions alone are joined by straight lines, and the last point is held at rest", () => {
  const controller = new TrajectoryController(NAMES, [0, 1]);
  controller.setTrajectory(trajectory([[0.5, [1, 1]], [2.5, [1, -3]]]), 4);
  assert.deepEqual(sampled(controller, [4, 4.25, 5, 6, 6.5, 100]), [
    [0, 1, 2, 0], [0.5, 1, 2, 0], [1, 0, 0, -2], [1, -2, 0, -2], [1, -3, 0, 0], [1, -3, 0, 0],
  ]);
});

const number = uniform(-3, 3);
const pair = fc.tuple(number, number).map((both): number[] => both);
const spanS = uniform(0.05, 2);

test("positions with velocities are joined by cubics with those velocities", () => {
  fc.assert(fc.property(pair, pair, pair, spanS, spanS, uniform(0, 1), (start, middle, speed, firstS, secondS, share) => {
    const controller = new TrajectoryController(NAMES, start);
    controller.setTrajectory(trajectory([[firstS, middle, speed], [firstS + secondS, [0.5, -0.5], [0, 0]]]), 0);
    for (const [from, to, v0, v1, t0, length] of [[start, middle, [0, 0], speed, 0, firstS], [middle, [0.5, -0.5], speed, [0, 0], firstS, secondS]] as const) {
      const timeS = share * length;
      const { positions, velocities } = controller.sample(t0 + timeS);
      for (const j of [0, 1]) {
        const wanted = hermite(from[j]!, v0[j]!, to[j]!, v1[j]!, length, timeS);
        close(positions[j]!, wanted.position, 1e-7);
        // At the very end the arm has stopped.
        if (t0 + timeS < firstS + secondS) close(velocities[j]!, wanted.velocity, 1e-5);
      }
    }
  }));
});

test("a command in the middle of a movement starts where the movement is, without a jump", () => {
  fc.assert(fc.property(pair, pair, uniform(0, 1.2), fc.boolean(), (first, second, atS, cubic) => {
    const rest = cubic ? [0, 0] : [];
    const controller = new TrajectoryController(NAMES, [0, 0]);
    controller.setTrajectory(trajectory([[1, first, rest]]), 0);
    const before = controller.sample(atS);
    controller.setTrajectory(trajectory([[0.5, second, rest]]), atS);
    const after = controller.sample(atS);
    for (const j of [0, 1]) {
      close(after.positions[j]!, before.positions[j]!);
      if (cubic) close(after.velocities[j]!, before.velocities[j]!, 1e-7);
      close(controller.sample(atS + 1e-9).positions[j]!, before.positions[j]!, 1e-6);
    }
    assert.deepEqual([...controller.sample(atS + 1).positions], second);
  }));
});

test("what was saved in the middle of a movement goes on exactly", () => {
  const controller = moving();
  const saved = structuredClone(controller.save());
  const times = [0.55, 0.8, 0.99, 1, 3];
  const wanted = sampled(controller, times);
  const other = new TrajectoryController(NAMES, [9, 9]);
  other.restore(saved);
  assert.deepEqual(sampled(other, times), wanted);
});

/** The cubic through position and velocity at both ends, in the textbook's basis. */
function hermite(q0: number, v0: number, q1: number, v1: number, lengthS: number, timeS: number): { position: number; velocity: number } {
  const u = timeS / lengthS;
  const position = (1 + 2 * u) * (1 - u) ** 2 * q0 + u * (1 - u) ** 2 * lengthS * v0 + u ** 2 * (3 - 2 * u) * q1 - u ** 2 * (1 - u) * lengthS * v1;
  const velocity = (6 * u * (1 - u) * (q1 - q0)) / lengthS + (1 - u) * (1 - 3 * u) * v0 + u * (3 * u - 2) * v1;
  return { position, velocity };
}

test("with accelerations the pieces are quintic, also when a command comes in the middle of one", () => {
  const controller = new TrajectoryController(["joint"], [0.2]);
  const point = (timeFromStartS: number, position: number, velocity: number, acceleration: number) =>
    ({ timeFromStartS, positions: [position], velocities: [velocity], accelerations: [acceleration] });
  const send = (nowS: number, ...points: ReturnType<typeof point>[]): void => { controller.setTrajectory({ jointNames: ["joint"], points }, nowS); };
  send(1, point(0.2, 0.25, 0.3, 0), point(0.5, 0.3, 0, 0));
  const rest = { position: 0.2, velocity: 0, acceleration: 0 };
  const waypoint = { position: 0.25, velocity: 0.3, acceleration: 0 };
  const before = sampleQuintic(rest, waypoint, 0.2, 0.13);
  close(controller.sample(1.13).positions[0]!, before.position);
  close(controller.sample(1.13).velocities[0]!, before.velocity);
  send(1.13, point(0.4, 0.1, 0, 0));
  const after = sampleQuintic(before, { position: 0.1, velocity: 0, acceleration: 0 }, 0.4, 0.1);
  close(controller.sample(1.23).positions[0]!, after.position);
  close(controller.sample(1.6).positions[0]!, 0.1);
});
