import assert from "node:assert/strict";
import { test } from "node:test";
import { latentParts, placeDistanceM } from "../../src/chain/latent-parts.js";
import { splice } from "../../src/chain/splice.js";
import { latentOfScene, PARTS, placeOf, READABLE, type Scene } from "./scenes.js";

/** A cube at 0.40 is taken, carried 0.10 along x, put down; the hand leaves. Each row: hand x, y, z, opening, cube x, y, z. */
const LIVED: readonly (readonly number[])[] = [
  [0.40, 0.00, 0.15, 0.08, 0.40, 0, 0.025], [0.40, 0, 0.03, 0.08, 0.40, 0, 0.025], [0.40, 0, 0.03, 0.05, 0.40, 0, 0.025],
  [0.40, 0, 0.10, 0.05, 0.40, 0, 0.095], [0.45, 0, 0.10, 0.05, 0.45, 0, 0.095], [0.50, 0, 0.10, 0.05, 0.50, 0, 0.095],
  [0.50, 0, 0.03, 0.05, 0.50, 0, 0.025], [0.50, 0, 0.15, 0.08, 0.50, 0, 0.025],
];
const lived = (): Float32Array[] => LIVED.map(([x, y, z, opening, cx, cy, cz]) => latentOfScene({ hand: [x!, y!, z!], opening: opening!, narrow: [cx!, cy!, cz!], wide: [0.9, 0.9, 0.9] }));
const scene = (narrow: Scene["narrow"]): Scene => ({ hand: [0.6, 0.2, 0.3], opening: 0.08, narrow, wide: [0.42, -0.15, 0.05] });
const metres = (latent: Float32Array, what: "hand" | "narrow" | "wide"): number[] => placeOf(latent, what).map((value) => Math.round(1e4 * value) / 1e4);

test("experience is moved to where the thing lies and is to be, with the hand beside it as it was", () => {
  const frames = lived();
  const [before, after] = [latentOfScene(scene([0.5, 0.1, 0.025])), latentOfScene(scene([0.45, -0.05, 0.025]))];
  const path = splice({ parts: PARTS, thing: 0, frames, pieces: frames.map(() => 0), before, after });
  assert.deepEqual(metres(path[0]!, "narrow"), [0.5, 0.1, 0.025]);
  assert.deepEqual(metres(path.at(-1)!, "narrow"), [0.45, -0.05, 0.025]);
  path.forEach((latent, i) => {
    assert.deepEqual(metres(latent, "wide"), [0.42, -0.15, 0.05], "the other thing stays where it is");
    const beside = (one: Float32Array): number[] => placeOf(one, "hand").map((value, axis) => value - placeOf(one, "narrow")[axis]!);
    beside(latent).forEach((value, axis) => { assert.ok(Math.abs(value - beside(frames[i]!)[axis]!) < 1e-5, `frame ${i}, axis ${axis}`); });
  });
  assert.deepEqual([0, 1, 2].map((i) => metres(path[i]!, "narrow")), [[0.5, 0.1, 0.025], [0.5, 0.1, 0.025], [0.5, 0.1, 0.025]], "what lies rests until it is taken");
});

test("where pieces are joined, the thing does not jump", () => {
  const frames = lived();
  const apart = frames.map((latent, i) => {
    const shifted = Float32Array.from(latent);
    if (i >= 4) for (const entries of [PARTS.hand, PARTS.things[0]!.place]) shifted[entries[1]]! += 0.02 / PARTS.std[entries[1]]!;
    return shifted;
  });
  const ends = [latentOfScene(scene([0.40, 0, 0.025])), latentOfScene(scene([0.45, 0, 0.025]))] as const;
  const path = splice({ parts: PARTS, thing: 0, frames: apart, pieces: [0, 0, 0, 0, 1, 1, 1, 1], before: ends[0], after: ends[1] });
  const jump = Math.abs(placeOf(path[4]!, "narrow")[1]! - placeOf(path[3]!, "narrow")[1]!);
  assert.ok(jump < 1e-4, `${jump} m`);
  assert.deepEqual(metres(path.at(-1)!, "narrow"), [0.45, 0, 0.025]);
});

test("parts are those that the names say; others are none", () => {
  assert.deepEqual(PARTS.things.map(({ name, place }) => [name, place]), [["narrow", [4, 5, 6]], ["wide", [7, 8, 9]]]);
  assert.deepEqual([PARTS.hand, PARTS.opening], [[0, 1, 2], 3]);
  assert.ok(Math.abs(placeDistanceM(PARTS, [4, 5, 6], latentOfScene(scene([0.4, 0, 0])), latentOfScene(scene([0.43, 0.04, 0]))) - 0.05) < 1e-6);
  assert.equal(latentParts(undefined), undefined);
  assert.equal(latentParts({ ...READABLE, units: READABLE.units.map(() => "rad") }), undefined);
  assert.equal(latentParts({ ...READABLE, names: READABLE.names.map((name) => name.replace("tool", "nose")) }), undefined);
  assert.equal(latentParts({ ...READABLE, names: READABLE.names.map((name) => name.replace("wide_z", "mood")) }), undefined);
});
