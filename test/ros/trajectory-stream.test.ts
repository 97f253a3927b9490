import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { TrajectoryStream } from "../../src/ros/trajectory-stream.js";
import { trajectoryMessage } from "../../src/ros/trajectory-message.js";

import type { JointTrajectory } from "../../src/robot/types.js";

const STEP: JointTrajectory = {
  jointNames: ["a"],
  points: [{ positions: [0.1], velocities: [0.5], timeFromStartS: 0.2 }, { positions: [0.15], velocities: [0], timeFromStartS: 0.4 }],
};

describe("TrajectoryStream", () => {
  it("plays a trajectory from the measured place and holds its end", () => {
    const stream = new TrajectoryStream();
    assert.equal(stream.sample(0), undefined);
    stream.play(STEP, 10, [0]);
    assert.equal(stream.sample(10)!.positions[0], 0);
    assert.ok(Math.abs(stream.sample(10.2)!.positions[0]! - 0.1) < 1e-9);
    assert.ok(Math.abs(stream.remainingS(10.3) - 0.1) < 1e-9);
    assert.equal(stream.sample(99)!.positions[0], 0.15);
    assert.equal(stream.remainingS(99), 0);
  });

  it("goes over to the next trajectory without a jump in position or speed", () => {
    const stream = new TrajectoryStream();
    stream.play(STEP, 0, [0]);
    const at = (timeS: number): number => stream.sample(timeS)!.positions[0]!;
    const before = { position: at(0.2), speed: (at(0.2) - at(0.199)) / 0.001 };
    stream.play({ jointNames: ["a"], points: [{ positions: [0.3], velocities: [0], timeFromStartS: 0.5 }] }, 0.2, [7]);
    const after = { position: at(0.2), speed: (at(0.201) - at(0.2)) / 0.001 };
    assert.ok(Math.abs(before.position - after.position) < 1e-9);
    assert.ok(Math.abs(before.speed - after.speed) < 0.02, `${before.speed} and ${after.speed}`);
  });
});

describe("trajectoryMessage", () => {
  it("has plain arrays, whole times and the stamp that is given; without one it begins on arrival", () => {
    const message = trajectoryMessage(STEP);
    assert.deepEqual(message.header.stamp, { sec: 0, nanosec: 0 });
    assert.deepEqual(trajectoryMessage(STEP, { sec: 3, nanosec: 4 }).header.stamp, { sec: 3, nanosec: 4 });
    assert.deepEqual(message.points.map(({ time_from_start }) => time_from_start), [{ sec: 0, nanosec: 200_000_000 }, { sec: 0, nanosec: 400_000_000 }]);
    assert.ok(Array.isArray(message.points[0]!.positions));
  });
});
