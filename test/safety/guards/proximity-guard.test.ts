import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FR3_READY } from "../../../src/robot/fr3.js";
import { collisionGuard } from "../../../src/safety/guards/collision-guard.js";
import type { KeepOutEntry } from "../../../src/safety/guards/keep-out-file.js";
import { keepOutGuard } from "../../../src/safety/guards/keep-out-guard.js";
import type { ProximityGuard } from "../../../src/safety/guards/proximity-guard.js";
import { approachScale } from "../../../src/safety/guards/proximity-scale.js";
import { uniform } from "../../uniform.js";
import { anywhere, armAt, ask, collisionOf, motion, toolMotion } from "./arm.js";

/** The lowest point of the gripper is this far below the tool's origin, m. */
const TIP = 0.008;

const floor = (heightM: number): KeepOutEntry =>
  ({ name: "floor", kind: "keep_out", geometry: { shape: "half_space", pointM: [0, 0, heightM], normal: [0, 0, 1] } });

const box = (centerM: number[], sizeM: number[], rest: Partial<KeepOutEntry> = {}): KeepOutEntry =>
  ({ name: "box", kind: "keep_out", geometry: { shape: "box", centerM, sizeM, rotationRpyRad: [0, 0, 0] }, ...rest });

async function keepOut(...entries: KeepOutEntry[]): Promise<ProximityGuard> {
  return keepOutGuard(await collisionOf(entries), entries);
}

const low = armAt([0.5, 0, 0.1]);
const tip = 0.1 - TIP;

test("going down on a plane: free, slower from 5 cm on as MoveIt Servo's curve has it, a halt when it would come to rest inside", async () => {
  const guard = await keepOut(floor(0));
  assert.equal(ask(guard, toolMotion(low, [0, 0, -0.035])).scale, 1);
  for (const depth of [0.05, 0.07, 0.085]) {
    const { scale, reason } = ask(guard, toolMotion(low, [0, 0, -depth]));
    const distance = tip - depth;
    const thresholds = { slowDownDistanceM: 0.05, haltDistanceM: 0 };
    // The pose is met to half a millimetre.
    assert.ok(scale >= approachScale(distance - 1e-3, thresholds) && scale <= approachScale(distance + 1e-3, thresholds), `${depth}: ${scale}`);
    assert.equal(reason, "keep_out_zone");
  }
  const halt = ask(guard, toolMotion(low, [0, 0, -0.1]));
  assert.equal(halt.scale, 0);
  assert.match(halt.sentence!, /^Holding: fr3_finger[12] would come 0\.[78] cm deep into the keep-out zone "floor" \(slower from 5\.0 cm, halt at 0\.0 cm\)\.$/);
});

test("a slow-down says what is near and how near", async () => {
  const guard = await keepOut(floor(0));
  assert.match(ask(guard, toolMotion(low, [0, 0, -0.07])).sentence!, /^Slowed: fr3_finger[12] would come within 2\.[12] cm of the keep-out zone "floor" \(/);
});

test("in the zone already: out is slow but allowed, even in the smallest steps; deeper is a halt; letting go is allowed", async () => {
  for (const guard of [await keepOut(floor(0.1)), await keepOut(box([0.5, 0, 0], [0.4, 0.4, 0.2])), await keepOut({ name: "ball", kind: "keep_out", geometry: { shape: "sphere", centerM: [0.5, 0.045, 0], radiusM: 0.1 } })]) {
    for (const size of [1e-7, 1e-5, 1e-3, 0.02]) {
      const out = toolMotion(low, [0, 0, 0.02]);
      const part = (sign: number) => motion(low, low.map((p, j) => p + sign * (size / 0.02) * (out.rest[j]! - p)));
      assert.equal(ask(guard, part(1)).scale, 0.25, `${size} m up`);
      assert.equal(ask(guard, part(-1)).scale, 0, `${size} m down`);
    }
    const deep = ask(guard, toolMotion(low, [0, 0, -0.01]));
    assert.match(deep.sentence!, /^Holding: fr3_finger[12] is 0\.[789] cm deep into the keep-out zone "/);
    // Toward where the arm comes to rest is all that counts when there is no way yet, only a wish.
    const wish = { ...toolMotion(low, [0, 0, 0.02]), rest: low };
    assert.equal(ask(guard, wish).scale, 0.25);
    const wrist = [...low];
    wrist[0]! += 1e-4;
    assert.ok(ask(guard, motion(low, wrist)).scale <= 0.25);
  }
});

test("the gripper may open while the arm is too near to something", async () => {
  const guard = await keepOut({ ...box([0.5, 0, 0.38], [0.1, 0.1, 0.1]), links: ["fr3_link7"] });
  const q = armAt([0.5, 0, 0.15]);
  q[7] = 0.02;
  const open = Float64Array.from(q);
  open[7] = 0.03;
  const at = ask(guard, toolMotion(q, [0, 0, 0.03]));
  assert.equal(at.scale, 0, "it is too near, and up is worse");
  assert.equal(ask(guard, motion(q, open)).scale, 0.25);
});

test("backing away from one thing is no excuse for running into another", async () => {
  // Fingertips 8 mm in the floor; a ceiling over the hand.
  const guard = await keepOut(floor(0.1), box([0.5, 0, 0.47], [0.3, 0.3, 0.1], { name: "ceiling", links: ["fr3_hand", "fr3_link7", "fr3_link6"] }));
  assert.equal(ask(guard, toolMotion(low, [0, 0, 0.01])).scale, 0.25);
  const blocked = ask(guard, toolMotion(low, [0, 0, 0.15]));
  assert.equal(blocked.scale, 0);
  assert.match(blocked.sentence!, /"ceiling"/);
});

test("nobody jumps over a wall that is thinner than the way to the stop", async () => {
  const guard = await keepOut(box([0.5, 0.06, 0.1], [0.3, 0.004, 0.3], { links: ["fr3_finger1", "fr3_finger2"] }));
  const closed = armAt([0.5, -0.06, 0.1]);
  closed[7] = 0;
  assert.equal(ask(guard, toolMotion(closed, [0, 0.01, 0])).scale, 1);
  assert.equal(ask(guard, toolMotion(closed, [0, 0.24, 0])).scale, 0);
});

test("the way out of a zone is not through its middle", async () => {
  const guard = await keepOut(box([0.5, 0, 0.1], [0.3, 0.16, 0.4], { links: ["fr3_finger1", "fr3_finger2"] }));
  const closed = armAt([0.5, -0.075, 0.1]);
  closed[7] = 0;
  assert.equal(ask(guard, toolMotion(closed, [0, -0.1, 0])).scale, 0.25);
  assert.equal(ask(guard, toolMotion(closed, [0, 0.25, 0])).scale, 0);
});

test("sliding along a surface within the slow-down distance is slower, but no crawl; so is leaving it", async () => {
  const guard = await keepOut(floor(tip - 0.02));
  const approach = ask(guard, toolMotion(low, [0, 0, -0.01])).scale;
  const slide = ask(guard, toolMotion(low, [0, 0.02, 0.0005])).scale;
  const leave = ask(guard, toolMotion(low, [0, 0, 0.01])).scale;
  assert.ok(approach < 0.01 && slide > 0.5 && leave > 0.5, `${approach} ${slide} ${leave}`);
});

test("the nearer a motion to a plane ends, the less is allowed", async () => {
  const guard = await keepOut(floor(0));
  fc.assert(fc.property(uniform(0.001, 0.12), uniform(0.001, 0.12), (a, b) => {
    const less = toolMotion(low, [0, 0, -Math.min(a, b)]);
    const more = motion(low, low.map((p, j) => p + (Math.max(a, b) / Math.min(a, b)) * (less.rest[j]! - p)));
    assert.ok(ask(guard, more).scale <= ask(guard, less).scale + 1e-9);
  }), { numRuns: 60 });
});

test("entries have thresholds of their own", async () => {
  const guard = await keepOut({ ...floor(0), slowDownDistanceM: 0.02, haltDistanceM: 0.01 });
  assert.equal(ask(guard, toolMotion(low, [0, 0, -0.07])).scale, 1);
  assert.equal(ask(guard, toolMotion(low, [0, 0, -0.085])).scale, 0);
});

test("collisions: the scene and the robot itself, each with its thresholds; zones are not its business", async () => {
  const entries = [{ ...floor(0), kind: "scene" as const, name: "table" }, floor(0.05)];
  const guard = collisionGuard(await collisionOf(entries), entries);
  const table = ask(guard, toolMotion(low, [0, 0, -0.085]));
  assert.equal(table.scale, 0, "a centimetre is kept");
  assert.match(table.sentence!, /^Holding: fr3_finger[12] would come within 0\.[67] cm of "table" \(slower from 5\.0 cm, halt at 1\.0 cm\)\.$/);
  assert.equal(table.reason, "collision_near");
  assert.equal(ask(guard, toolMotion(low, [0, 0, -0.02])).scale, 1);
  // The forearm folded onto the upper arm.
  const bent = [0, -1, 0, -2.4, 0, 1.8, 0.78, 0.02];
  const folded = [0, -1, 0, -3.04, 0, 0.55, 0.78, 0.02];
  const self = collisionGuard(await collisionOf(), [], { selfSlowDownDistanceM: 0.3, selfHaltDistanceM: 0.2 });
  const verdict = ask(self, motion(bent, folded));
  assert.equal(verdict.scale, 0);
  assert.match(verdict.sentence!, /^Holding: fr3_\w+ (would come|is) .* fr3_\w+ \(slower from 30\.0 cm, halt at 20\.0 cm\)\.$/);
});

test("wherever the arm is, a motion that would rest nearer than the halt distance is never allowed unless it leads out", async () => {
  const entries = [floor(0), { ...box([0.5, 0.3, 0.3], [0.2, 0.2, 0.6]), name: "post", kind: "scene" as const }];
  const collision = await collisionOf(entries);
  const guards = [keepOutGuard(collision, entries), collisionGuard(collision, entries)];
  const field = collision.field(["self", "scene", "keep_out"]);
  const halts = field.pairs.map(({ kind }) => kind === "self" ? 0.005 : kind === "scene" ? 0.01 : 0);
  const measure = (q: ArrayLike<number>): Float64Array => {
    const distances = new Float64Array(halts.length);
    field.measure(q, new Float64Array(halts.length).fill(1), distances, new Float64Array(3 * halts.length));
    return distances;
  };
  const seen = { halts: 0, moves: 0, retreats: 0 };
  fc.assert(fc.property(anywhere, fc.array(uniform(-0.1, 0.1), { minLength: 8, maxLength: 8 }), (q, step) => {
    const rest = q.map((p, j) => p + step[j]!);
    const scale = Math.min(...guards.map((guard) => ask(guard, motion(q, rest)).scale));
    const [now, then] = [measure(q), measure(rest)];
    const deepest = (distances: Float64Array, name: string): number =>
      Math.min(...field.pairs.map(({ kind, first, second }, i) => (kind === "self" ? `${first} ${second}` : second) === name ? distances[i]! : Infinity));
    const enters = halts.some((halt, i) => then[i]! <= halt && now[i]! > halt);
    const deeper = field.pairs.some(({ kind, first, second }, i) => {
      const name = kind === "self" ? `${first} ${second}` : second;
      return now[i]! <= halts[i]! && deepest(then, name) < deepest(now, name) - 1e-9;
    });
    if (enters || deeper) assert.equal(scale, 0);
    if (scale === 0) seen.halts++;
    else if (halts.some((halt, i) => now[i]! <= halt)) {
      seen.retreats++;
      assert.ok(scale <= 0.25);
    } else seen.moves++;
  }), { numRuns: 400 });
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 20, `${what}: ${count}`);
});

test("in the ready pose there is nothing near", async () => {
  const guard = collisionGuard(await collisionOf(), []);
  assert.equal(ask(guard, toolMotion(FR3_READY, [0.02, 0.02, -0.02])).scale, 1);
});
