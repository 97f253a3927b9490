import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../sim/random.js";
import { SCENE_NAMES } from "../../sim/scene.js";
import { imagineGoal, sceneOf, whyNothingIsImagined } from "../../src/play/imagined-goals.js";
import { FR3_WORKSPACE } from "../../src/robot/fr3.js";

const NAMES = ["tool_x", "tool_y", "tool_z", "opening", "narrow_x", "narrow_y", "narrow_z", "wide_x", "wide_y", "wide_z"];
const READABLE = { names: NAMES, units: NAMES.map(() => "m"), mean: NAMES.map((_, i) => 0.02 * i), std: NAMES.map((_, i) => 0.05 + 0.01 * i) };
const { low, high } = FR3_WORKSPACE;

function latentOf(values: readonly number[]): Float32Array {
  return Float32Array.from(values, (value, i) => (value - READABLE.mean[i]!) / READABLE.std[i]!);
}

function valuesOf(latent: Float32Array): number[] {
  return Array.from(latent, (value, i) => READABLE.mean[i]! + READABLE.std[i]! * value);
}

test("an imagined scene has one thing elsewhere within the workspace, the hand at it, and the other thing as it was", () => {
  const inside = (axis: 0 | 1 | 2) => fc.double({ min: low[axis], max: high[axis], noNaN: true });
  const place = fc.tuple(inside(0), inside(1), fc.constant(0.03));
  fc.assert(fc.property(fc.nat(), fc.tuple(inside(0), inside(1), inside(2)), place, place, fc.constantFrom(...SCENE_NAMES), (seed, tool, narrow, wide, scene) => {
    const before = [...tool, 0.08, ...narrow, ...wide];
    const values = valuesOf(imagineGoal(new Random(seed), READABLE, latentOf(before), FR3_WORKSPACE, scene));
    const moved = [4, 7].filter((first) => [0, 1, 2].some((axis) => Math.abs(values[first + axis]! - before[first + axis]!) > 1e-5));
    assert.ok(moved.length <= 1, "at most one thing is elsewhere");
    for (const first of [0, 4, 7]) {
      for (const axis of [0, 1] as const) assert.ok(values[first + axis]! > low[axis] - 1e-5 && values[first + axis]! < high[axis] + 1e-5);
    }
    assert.ok(values[3]! > -1e-6 && values[3]! < 0.0801);
    const thing = moved[0];
    if (thing === undefined) return;
    const apart = Math.hypot(...[0, 1, 2].map((axis) => values[axis]! - values[thing + axis]!));
    const lifted = values[thing + 2]! > 0.05;
    assert.ok(lifted ? apart < 1e-5 : apart < 0.0701, `the hand is ${apart} m from the thing`);
  }), { numRuns: 500 });
});

test("where there is a tray, things are mostly imagined in the hand, and often where they lie, when the hand is over them", () => {
  const latent = latentOf([0.5, 0.1, 0.1, 0.08, 0.5, 0.1, 0.03, 0.45, -0.1, 0.05]);
  const count = (scene: "table" | "clearing"): { held: number; there: number } => {
    const scenes = Array.from({ length: 300 }, (_, seed) => valuesOf(imagineGoal(new Random(seed), READABLE, latent, FR3_WORKSPACE, scene)));
    const held = scenes.filter((values) => values[6]! > 0.06 || values[9]! > 0.06);
    const there = held.filter((values) => [[4, 0.5, 0.1], [7, 0.45, -0.1]].some(([first, x, y]) => values[first! + 2]! > 0.06 && Math.hypot(values[first!]! - x!, values[first! + 1]! - y!) < 1e-5));
    return { held: held.length, there: there.length };
  };
  const [table, clearing] = [count("table"), count("clearing")];
  assert.ok(clearing.held > 1.5 * table.held, `${clearing.held} and ${table.held}`);
  assert.ok(clearing.there > 0.4 * clearing.held && clearing.there < 0.8 * clearing.held, `${clearing.there} of ${clearing.held}`);
});

test("from elsewhere the open hand first comes over the thing", () => {
  const latent = latentOf([0.35, 0.2, 0.2, 0, 0.5, 0.1, 0.03, 0.45, -0.1, 0.05]);
  const scenes = Array.from({ length: 300 }, (_, seed) => valuesOf(imagineGoal(new Random(seed), READABLE, latent, FR3_WORKSPACE, "clearing")));
  const lifted = scenes.filter((values) => [[4, 0.5, 0.1], [7, 0.45, -0.1]].some(([first, x, y]) => values[first! + 2]! > 0.06 && Math.hypot(values[first!]! - x!, values[first! + 1]! - y!) < 1e-5));
  assert.equal(lifted.length, 0);
  const over = scenes.filter((values) => [[0.5, 0.1], [0.45, -0.1]].some(([x, y]) => Math.hypot(values[0]! - x!, values[1]! - y!) < 1e-5 && values[3]! > 0.079 && values[6]! < 0.04 && values[9]! < 0.06));
  assert.ok(over.length > 80, `${over.length} of 300`);
});

test("the scene is the one with as many things as the latent has", () => {
  const of = (things: number): unknown => sceneOf({ latent: { shape: [1], dtype: "float32", readable: { ...READABLE, names: Array.from({ length: 4 + 3 * things }, (_, i) => `entry_${i}`) } } });
  assert.deepEqual([1, 2, 3, 4].map(of), [undefined, "table", "clearing", undefined]);
});

test("the same seed imagines the same, another seed something else", () => {
  const latent = latentOf([0.5, 0, 0.2, 0.08, 0.5, 0.1, 0.03, 0.45, -0.1, 0.05]);
  const imagine = (seed: number): number[] => [...imagineGoal(new Random(seed), READABLE, latent, FR3_WORKSPACE, "table")];
  assert.deepEqual(imagine(3), imagine(3));
  assert.notDeepEqual(imagine(3), imagine(4));
});

test("a bundle whose latent cannot be read imagines nothing, and is told so by its name", () => {
  const latent = { shape: [10], dtype: "float32" as const };
  assert.equal(whyNothingIsImagined({ name: "ours", latent: { ...latent, readable: READABLE } }), undefined);
  assert.match(whyNothingIsImagined({ name: "theirs", latent })!, /^bundle theirs does not say [^\n]*latent\.readable/);
  assert.match(whyNothingIsImagined({ name: "arm", latent: { ...latent, readable: { ...READABLE, names: NAMES.slice(0, 4) } } })!, /bundle arm/);
});
