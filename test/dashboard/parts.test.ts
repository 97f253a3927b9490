import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { graphNames } from "../../src/cli/graph-names.js";
import { EnergyHistory } from "../../src/dashboard/energy-history.js";
import { LiveState } from "../../src/dashboard/live-state.js";
import { withServedMeshes } from "../../src/dashboard/served-urdf.js";

describe("EnergyHistory", () => {
  it("has the last minute of one goal, with points that are apart", () => {
    const history = new EnergyHistory();
    for (let i = 0; i <= 900; i++) history.take(i * 0.1, "cup", 1 + i);
    const points = history.points(90);
    assert.ok(points.length > 250 && points.length < 350, String(points.length));
    assert.ok(points[0]![0] >= -60 && points.at(-1)![0] <= 0);
    assert.ok(points.every(([timeS], i) => i === 0 || timeS > points[i - 1]![0]));
    history.take(91, "box", 3);
    history.take(91.5, "box", NaN);
    assert.deepEqual(history.points(92), [[-1, 3]]);
    history.take(92, undefined, undefined);
    assert.deepEqual(history.points(92), []);
  });
});

describe("LiveState", () => {
  it("tells each of what changed since it looked, once, and of no change that is none", () => {
    const state = new LiveState();
    state.set({ type: "log", lines: [] });
    state.set({ type: "energy", points: [] });
    assert.equal(state.since(0).length, 2);
    const { revision } = state;
    state.set({ type: "log", lines: [] });
    assert.deepEqual(state.since(revision), []);
    state.set({ type: "energy", points: [[-1, 2]] });
    state.set({ type: "energy", points: [[-1, 3]] });
    assert.deepEqual(state.since(revision), ["{\"type\":\"energy\",\"points\":[[-1,3]]}"]);
  });
});

describe("withServedMeshes", () => {
  it("puts numbers into the place of files", () => {
    const { urdf, meshes } = withServedMeshes("<mesh scale=\"1 1 1\" filename=\"package://arm/a.STL\"/><mesh filename='/m/b&amp;c.dae' /><box size=\"1 1 1\"/>");
    assert.equal(urdf, "<mesh scale=\"1 1 1\" filename=\"/robot-meshes/0.stl\"/><mesh filename='/robot-meshes/1.dae' /><box size=\"1 1 1\"/>");
    assert.deepEqual([...meshes], [["0.stl", "package://arm/a.STL"], ["1.dae", "/m/b&c.dae"]]);
  });
});

describe("graphNames", () => {
  it("finds node and topics in the remappings", () => {
    assert.deepEqual(graphNames([]), { node: "/jepa_mpc", image: "/image", jointStates: "/joint_states" });
    assert.deepEqual(graphNames(["--ros-args", "-r", "__ns:=/cell", "--remap", "image:=camera/image_raw", "-r", "joint_states:=/arm/joint_states", "-p", "image:=x", "-r", "__node:=left"]),
      { node: "/cell/left", image: "/cell/camera/image_raw", jointStates: "/arm/joint_states" });
  });
});
