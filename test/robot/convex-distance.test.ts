import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConvexDistance } from "../../src/robot/convex-distance.js";
import { ConvexShapes } from "../../src/robot/convex-shapes.js";
import { mujoco } from "../../src/robot/mujoco.js";
import { uniform } from "../uniform.js";

const mj = await mujoco();

type Kind = "sphere" | "capsule" | "cylinder" | "box";
/** A kind, three sizes as MuJoCo has them (m), a place (m) and three angles (rad). */
interface Body { kind: Kind; size: number[]; at: number[]; turn: number[] }

const body: fc.Arbitrary<Body> = fc.record({
  kind: fc.constantFrom<Kind>("sphere", "capsule", "cylinder", "box"),
  size: fc.array(uniform(0.02, 0.15), { minLength: 3, maxLength: 3 }),
  at: fc.array(uniform(-0.25, 0.25), { minLength: 3, maxLength: 3 }),
  // Right angles too: faces then lie flat on each other.
  turn: fc.array(fc.oneof(uniform(-3, 3), fc.constantFrom(0, Math.PI / 2)), { minLength: 3, maxLength: 3 }),
});

/** Our distance of two bodies, and where MuJoCo put them. */
function measure(a: Body, b: Body, reachM = 10): { distance: number; swapped: number; mujoco: () => number; place: (geom: number) => { centre: number[]; rotation: number[] } } {
  const geom = ({ kind, size, at, turn }: Body): string => `<geom type="${kind}" size="${size.join(" ")}" pos="${at.join(" ")}" euler="${turn.join(" ")}"/>`;
  const model = mj.MjModel.from_xml_string(`<mujoco><compiler angle="radian"/><worldbody>${geom(a)}${geom(b)}</worldbody></mujoco>`);
  const data = new mj.MjData(model);
  mj.mj_kinematics(model, data);
  const centres = Array.from(data.geom_xpos as Float64Array);
  const rotations = Float64Array.from(data.geom_xmat as Float64Array);
  const [x, y, z] = [0, 1, 2].map((i) => centres[3 + i]! - centres[i]!) as [number, number, number];
  const convex = new ConvexDistance(new ConvexShapes(mj, model));
  const result = {
    distance: convex.between(0, 1, reachM, x, y, z, rotations),
    swapped: convex.between(1, 0, reachM, -x, -y, -z, rotations),
    place: (g: number) => ({ centre: centres.slice(3 * g, 3 * g + 3), rotation: Array.from(rotations.slice(9 * g, 9 * g + 9)) }),
  };
  const reference = result.distance > 1e-4 ? mj.mj_geomDistance(model, data, 0, 1, reachM, null) : NaN;
  data.delete();
  model.delete();
  return { ...result, mujoco: () => reference };
}

/** Signed distance from a point, in the body's frame, to the body's surface: textbook formulas. */
function fromPoint({ kind, size }: Body, [x, y, z]: readonly [number, number, number]): number {
  const [a, b, c] = size as [number, number, number];
  switch (kind) {
    case "sphere": return Math.hypot(x, y, z) - a;
    case "capsule": return Math.hypot(x, y, z - Math.max(-b, Math.min(b, z))) - a;
    case "cylinder": {
      const [out, up] = [Math.hypot(x, y) - a, Math.abs(z) - b];
      return Math.min(Math.max(out, up), 0) + Math.hypot(Math.max(out, 0), Math.max(up, 0));
    }
    case "box": {
      const [dx, dy, dz] = [Math.abs(x) - a, Math.abs(y) - b, Math.abs(z) - c];
      return Math.min(Math.max(dx, dy, dz), 0) + Math.hypot(Math.max(dx, 0), Math.max(dy, 0), Math.max(dz, 0));
    }
  }
}

/** A net of points all over a body's surface, edges and corners among them, in its frame. */
function surface({ kind, size }: Body): [number, number, number][] {
  const [a, b, c] = size as [number, number, number];
  const points: [number, number, number][] = [];
  const steps = 24;
  const ticks = Array.from({ length: steps + 1 }, (_, i) => (2 * i) / steps - 1);
  for (const s of ticks) {
    for (const t of ticks) {
      const angle = Math.PI * s;
      if (kind === "box") points.push([a, b * s, c * t], [-a, b * s, c * t], [a * s, b, c * t], [a * s, -b, c * t], [a * s, b * t, c], [a * s, b * t, -c]);
      else if (kind === "cylinder") {
        points.push([a * Math.cos(angle), a * Math.sin(angle), b * t]);
        for (const end of [b, -b]) points.push([a * t * Math.cos(angle), a * t * Math.sin(angle), end]);
      } else {
        const tilt = (Math.PI / 2) * t;
        const half = kind === "capsule" ? b : 0;
        points.push([a * Math.cos(angle) * Math.cos(tilt), a * Math.sin(angle) * Math.cos(tilt), a * Math.sin(tilt) + (t < 0 ? -half : half)]);
        if (half > 0) points.push([a * Math.cos(angle), a * Math.sin(angle), half * t]);
      }
    }
  }
  return points;
}

/** The least distance from the points of `a`'s surface to `b`: never less than the true one. */
function byPoints(a: Body, b: Body, placeA: { centre: number[]; rotation: number[] }, placeB: { centre: number[]; rotation: number[] }): number {
  let least = Infinity;
  for (const p of surface(a)) {
    const world = [0, 1, 2].map((i) => placeA.centre[i]! + [0, 1, 2].reduce((sum, k) => sum + placeA.rotation[3 * i + k]! * p[k]!, 0) - placeB.centre[i]!);
    const local = [0, 1, 2].map((k) => [0, 1, 2].reduce((sum, i) => sum + placeB.rotation[3 * i + k]! * world[i]!, 0)) as [number, number, number];
    least = Math.min(least, fromPoint(b, local));
  }
  return least;
}

test("by hand: ball on box, box beside box, cylinders on top of each other, a capsule in a box", () => {
  const at = (kind: Kind, size: number[], z: number): Body => ({ kind, size, at: [0, 0, z], turn: [0, 0, 0] });
  const near = (a: Body, b: Body, wanted: number): void => {
    const { distance } = measure(a, b);
    assert.ok(Math.abs(distance - wanted) < 1e-8, `${a.kind} ${b.kind}: ${distance}, not ${wanted}`);
  };
  near(at("sphere", [0.1], 0.5), at("box", [0.1, 0.1, 0.1], 0), 0.3);
  near(at("sphere", [0.1], 0.15), at("box", [0.1, 0.1, 0.1], 0), -0.05);
  near(at("box", [0.1, 0.2, 0.1], 0.25), at("box", [0.2, 0.1, 0.1], 0), 0.05);
  near(at("box", [0.1, 0.2, 0.1], 0.15), at("box", [0.2, 0.1, 0.1], 0), -0.05);
  near(at("cylinder", [0.1, 0.1], 0.2), at("cylinder", [0.05, 0.1], 0), 0);
  near(at("cylinder", [0.1, 0.1], 0.19), at("cylinder", [0.05, 0.1], 0), -0.01);
  near(at("capsule", [0.05, 0.1], 0.2), at("box", [0.3, 0.3, 0.3], 0), -0.25);
  near({ ...at("cylinder", [0.1, 0.1], 0), turn: [Math.PI / 2, 0, 0] }, { ...at("cylinder", [0.1, 0.1], 0.25), turn: [0, Math.PI / 2, 0] }, 0.05);
});

test("apart: MuJoCo's distance to a hundredth of a millimetre", () => {
  let compared = 0;
  fc.assert(fc.property(body, body, (a, b) => {
    const { distance, swapped, mujoco: reference } = measure(a, b);
    assert.ok(Math.abs(distance - swapped) < 1e-7 || distance < 0, `${distance} one way, ${swapped} the other`);
    // Of two capsules that are nearly parallel MuJoCo tries only some points.
    if (!(distance > 1e-4) || (a.kind === "capsule" && b.kind === "capsule")) return;
    compared++;
    assert.ok(Math.abs(distance - reference()) < 1e-5, `${distance}, MuJoCo says ${reference()}`);
  }), { numRuns: 1500 });
  assert.ok(compared > 200, `${compared}`);
});

test("against a net of points on the surfaces: never too far apart, never too deep, and the same ones overlap", () => {
  const seen = { apart: 0, overlapping: 0 };
  fc.assert(fc.property(body, body, (a, b) => {
    const { distance, place } = measure(a, b);
    const [there, back] = [byPoints(a, b, place(0), place(1)), byPoints(b, a, place(1), place(0))];
    const points = Math.min(there, back);
    if (distance > 0) {
      seen.apart++;
      // The net's meshes are up to 0.3 / 24 wide.
      assert.ok(points >= distance - 1e-9 && points < distance + 0.008, `${distance}, by points ${points}`);
    } else {
      // Points show less than the true depth, the directions that were tried more.
      seen.overlapping++;
      assert.ok(points < 0.008, `${distance}, but no point is nearer than ${points}`);
      assert.ok(distance <= points + 0.008 || points > -0.001, `${distance}, but a point is ${-points} deep`);
    }
    if (points < -1e-6) assert.ok(distance < 0, `${distance}, but a point is ${-points} deep`);
    if (points > 0.008) assert.ok(distance > 0, `${distance}, but no point is nearer than ${points}`);
  }), { numRuns: 600 });
  assert.ok(seen.apart > 40 && seen.overlapping > 40, JSON.stringify(seen));
});

test("a distance at or beyond the reach is Infinity, one below it is not changed by it", () => {
  fc.assert(fc.property(body, body, uniform(0.01, 0.2), (a, b, reach) => {
    const all = measure(a, b).distance;
    const within = measure(a, b, reach).distance;
    if (Math.abs(all - reach) > 1e-6) assert.equal(within, all < reach ? all : Infinity);
  }), { numRuns: 300 });
});

test("the farther two overlapping bodies are pulled apart along the line of centres, the less deep they are", () => {
  fc.assert(fc.property(body, body, uniform(1, 1.5), (a, b, more) => {
    const near = measure(a, b).distance;
    const far = measure(a, { ...b, at: b.at.map((v, i) => a.at[i]! + more * (v - a.at[i]!)) }).distance;
    assert.ok(far >= near - 1e-9, `${near}, then ${far}`);
  }), { numRuns: 300 });
});
