import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { JointStateCollector } from "../../src/ros/joint-state-collector.js";

import type { JointStateMessage } from "../../src/ros/messages.js";

function message(name: string[], position: number[], velocity: number[] = []): JointStateMessage {
  return { header: { stamp: { sec: 0, nanosec: 0 }, frame_id: "" }, name, position, velocity, effort: [] };
}

describe("JointStateCollector", () => {
  it("puts joints into the controlled order and ignores others", () => {
    const collected = new JointStateCollector(["a", "b"]).collect(message(["wheel", "b", "a"], [9, 2, 1], [0, 0.2, 0.1]));
    assert.equal(collected?.kind, "state");
    assert.deepEqual([...(collected.state.positions)], [1, 2]);
    assert.deepEqual([...(collected.state.velocities)], [0.1, 0.2]);
  });

  it("names what is missing", () => {
    assert.deepEqual(new JointStateCollector(["a", "b", "c"]).collect(message(["b"], [2])), { kind: "incomplete", missing: ["a", "c"] });
  });

  it("joins messages of several publishers, but a gripper alone makes no state fresh", () => {
    const joints = new JointStateCollector(["arm", "gripper"]);
    assert.equal(joints.collect(message(["gripper"], [0.04]))?.kind, "incomplete");
    const both = joints.collect(message(["arm"], [1]));
    assert.equal(both?.kind, "state");
    assert.deepEqual([...(both.state.positions)], [1, 0.04]);
    assert.equal(joints.collect(message(["gripper"], [0.01])), undefined);
  });

  it("hands out arrays of its own", () => {
    const joints = new JointStateCollector(["a"]);
    const first = joints.collect(message(["a"], [1]));
    joints.collect(message(["a"], [2]));
    assert.equal(first?.kind === "state" && first.state.positions[0], 1);
  });

  it("refuses arrays of the wrong length and passes on what is not a number", () => {
    const joints = new JointStateCollector(["a", "b"]);
    assert.equal(joints.collect(message(["a", "b"], [1]))?.kind, "malformed");
    assert.equal(joints.collect(message(["a", "b"], [1, 2], [1]))?.kind, "malformed");
    const nan = joints.collect(message(["a", "b"], [Number.NaN, 2]));
    assert.ok(nan?.kind === "state" && Number.isNaN(nan.state.positions[0]));
  });
});
