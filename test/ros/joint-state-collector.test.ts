import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { JointStateCollector } from "../../src/ros/joint-state-collector.js";

import type { JointStateMessage } from "../../src/ros/messages.js";

function message(name: string[], position: number[], velocity: number[] = []): JointStateMessage {
  return { header: { stamp: { sec: 0, nanosec: 0 }, frame_id: "" }, name, position, velocity, effort: [] };
}

describe("JointStateCollector", () => {
  it("puts joints into the controlled order and ignores others", () => {
    const collected = new JointStateCollector(["a", "b"], 0.25).collect(message(["wheel", "b", "a"], [9, 2, 1], [0, 0.2, 0.1]), 0);
    assert.equal(collected?.kind, "state");
    assert.deepEqual([...(collected.state.positions)], [1, 2]);
    assert.deepEqual([...(collected.state.velocities)], [0.1, 0.2]);
  });

  it("names what is missing", () => {
    assert.deepEqual(new JointStateCollector(["a", "b", "c"], 0.25).collect(message(["b"], [2]), 0), { kind: "incomplete", missing: ["a", "c"] });
  });

  it("joins messages of several publishers, but a gripper alone makes no state fresh", () => {
    const joints = new JointStateCollector(["arm", "gripper"], 0.25);
    assert.equal(joints.collect(message(["gripper"], [0.04]), 0)?.kind, "incomplete");
    const both = joints.collect(message(["arm"], [1]), 0);
    assert.equal(both?.kind, "state");
    assert.deepEqual([...(both.state.positions)], [1, 0.04]);
    assert.equal(joints.collect(message(["gripper"], [0.01]), 0), undefined);
  });

  it("does not go on with the last value of a joint that is in no message any more", () => {
    const joints = new JointStateCollector(["a", "b"], 0.25);
    assert.equal(joints.collect(message(["a", "b"], [1, 2]), 10)?.kind, "state");
    assert.equal(joints.collect(message(["a"], [1.1]), 10.2)?.kind, "state", "not yet");
    assert.deepEqual(joints.collect(message(["a"], [1.2]), 10.3), { kind: "incomplete", missing: ["b"] });
    assert.deepEqual(joints.collect(message(["b"], [2]), 10.6), { kind: "incomplete", missing: ["a"] }, "nor of the first one");
    assert.equal(joints.collect(message(["a", "b"], [1.2, 2]), 10.7)?.kind, "state", "both are back");
  });

  it("hands out arrays of its own", () => {
    const joints = new JointStateCollector(["a"], 0.25);
    const first = joints.collect(message(["a"], [1]), 0);
    joints.collect(message(["a"], [2]), 0);
    assert.equal(first?.kind === "state" && first.state.positions[0], 1);
  });

  it("refuses arrays of the wrong length and passes on what is not a number", () => {
    const joints = new JointStateCollector(["a", "b"], 0.25);
    assert.equal(joints.collect(message(["a", "b"], [1]), 0)?.kind, "malformed");
    assert.equal(joints.collect(message(["a", "b"], [1, 2], [1]), 0)?.kind, "malformed");
    const nan = joints.collect(message(["a", "b"], [Number.NaN, 2]), 0);
    assert.ok(nan?.kind === "state" && Number.isNaN(nan.state.positions[0]));
  });
});
