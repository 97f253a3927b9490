import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { installationRoot } from "../../../src/ros/locate.js";
import { FR3_READY, FR3_WORKSPACE } from "../../../src/robot/fr3.js";
import { createGuards } from "../../../src/safety/guards/create-guards.js";
import { readKeepOutFile } from "../../../src/safety/guards/keep-out-file.js";
import { worstVerdict } from "../../../src/safety/guards/worst-verdict.js";
import { uniform } from "../../uniform.js";
import { anywhere, arm, ask, check, collisionOf, motion } from "./arm.js";

const entries = await readKeepOutFile(`${installationRoot()}/config/keep-out.example.json`);
const collision = await collisionOf(entries);
const guards = createGuards(arm, { workspace: FR3_WORKSPACE, collision, entries });

test("all five are there", () => {
  assert.deepEqual(guards.map(({ name }) => name), ["Cartesian speed", "workspace", "singularity", "collision", "keep-out zones"]);
});

const vector = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: 8, maxLength: 8 });
const small = vector(uniform(-0.2, 0.2));

test("whatever is asked, the answer is a share from 0 to 1, and says why when it is below 1", () => {
  const sane = fc.record({ positions: anywhere, velocities: small, rest: anywhere });
  const wild = fc.record({ positions: vector(fc.double()), velocities: vector(fc.double()), rest: vector(fc.double()) });
  const short = fc.record({ positions: fc.array(fc.double()), velocities: fc.array(fc.double()), rest: fc.array(fc.double()) });
  fc.assert(fc.property(fc.oneof(sane, wild, short), (asked) => {
    for (const guard of guards) ask(guard, asked);
    check(worstVerdict(guards, asked));
  }), { numRuns: 500 });
});

test("one number that is not finite is a halt of every guard", () => {
  fc.assert(fc.property(anywhere, small, fc.constantFrom(NaN, Infinity, -Infinity, undefined), fc.nat(7), fc.constantFrom("positions", "velocities", "rest"), (q, v, bad, j, where) => {
    const asked = { positions: [...q], velocities: [...v], rest: [...q] };
    asked[where as "rest"][j] = bad as number;
    for (const guard of guards) {
      const verdict = ask(guard, asked);
      assert.equal(verdict.scale, 0);
      assert.equal(verdict.reason, "command_not_finite");
    }
  }), { numRuns: 100 });
});

test("to stand still is always allowed", () => {
  fc.assert(fc.property(anywhere, (q) => {
    for (const guard of guards) assert.equal(ask(guard, motion(q, q)).scale, 1, guard.name);
  }), { numRuns: 100 });
});

test("nothing is changed in what is asked, and the answer does not depend on what was asked before", () => {
  fc.assert(fc.property(anywhere, small, anywhere, (q, step, other) => {
    const asked = motion(Float64Array.from(q), Float64Array.from(q, (p, j) => p + step[j]!));
    const before = structuredClone(asked);
    const first = guards.map((guard) => guard.assess(asked));
    for (const guard of guards) guard.assess(motion(other, q));
    assert.deepEqual(guards.map((guard) => guard.assess(asked)), first);
    assert.deepEqual(asked, before);
  }), { numRuns: 100 });
});

test("nobody gets stuck: wherever the arm was put, one of a move and its opposite is allowed by each guard", () => {
  const tiny = vector(uniform(-1, 1)).filter((v) => v.some((x) => Math.abs(x) > 0.1));
  let slowed = 0;
  fc.assert(fc.property(anywhere, tiny, fc.constantFrom(1e-6, 1e-4, 1e-2), (q, direction, size) => {
    const ahead = motion(q, q.map((p, j) => p + size * direction[j]!));
    const back = motion(q, q.map((p, j) => p - size * direction[j]!));
    for (const guard of [guards[1]!, guards[2]!]) {
      const best = Math.max(ask(guard, ahead).scale, ask(guard, back).scale);
      // At a minimum of the condition number both ways lead up; a halt of both needs both to be past the limit.
      if (best < 1) slowed++;
      if (size < 1e-3) assert.ok(best > 0, `${guard.name}: ${q.join(" ")}`);
    }
  }), { numRuns: 300 });
  assert.ok(slowed > 100);
});

test("nobody gets stuck: wherever the arm was put, turning one of its joints a little is allowed by each guard", () => {
  const violated = new Map(guards.map(({ name }) => [name, 0]));
  const solid = collision.field(["self", "scene"]);
  const count = solid.pairs.length;
  const distances = new Float64Array(count);
  fc.assert(fc.property(anywhere, (q) => {
    solid.measure(q, new Float64Array(count).fill(0.1), distances, new Float64Array(3 * count));
    for (const guard of guards) {
      // No arm can be deep in a table and in itself at once; in keep-out zones it can be.
      if (guard.name === "collision" && distances.some((distance) => distance < 0)) continue;
      const scales = q.flatMap((_, j) => j === 7 ? [] : [-1e-4, 1e-4].map((step) => ask(guard, motion(q, q.map((p, i) => i === j ? p + step : p))).scale));
      assert.ok(Math.max(...scales) > 0, `${guard.name} at ${q.join(" ")}`);
      if (Math.min(...scales) === 0) violated.set(guard.name, violated.get(guard.name)! + 1);
    }
  }), { numRuns: 300 });
  for (const name of ["workspace", "singularity", "keep-out zones"]) assert.ok(violated.get(name)! > 5, `${name}: ${violated.get(name)}`);
});

test("entries without collision shapes, unknown entries and thresholds without sense are refused with one line", () => {
  assert.throws(() => createGuards(arm, { entries }), /guards: there are 4 keep-out entries \("table", \.\.\.\) but no collision shapes/);
  assert.throws(() => createGuards(arm, { collision }), /guards: the collision model has the obstacle "table", the list of entries has not/);
  assert.throws(() => createGuards(arm, { maxToolSpeedMps: 0 }), /guards: maxToolSpeedMps is 0, it must be a number from 0\.001/);
  assert.throws(() => createGuards(arm, { maxToolSpeedMps: NaN }), /maxToolSpeedMps is NaN/);
  assert.throws(() => createGuards(arm, { workspace: { low: [0, 1, 0], high: [1, 1, 1] } }), /workspace\.low y is 1, it must be below workspace\.high y, which is 1/);
  assert.throws(() => createGuards(arm, { workspace: FR3_WORKSPACE, workspaceToleranceM: -1 }), /workspaceToleranceM is -1/);
  assert.throws(() => createGuards(arm, { singularity: { slowDownCondition: 40 } }), /slowDownCondition is 40, it must be below haltCondition, which is 30/);
  assert.throws(() => createGuards(arm, { collision, entries, collisionThresholds: { selfHaltDistanceM: 0.02 } }),
    /halt distance of \w+ and \w+ is 0\.02, it must be below the slow-down distance, which is 0\.02/);
  assert.throws(() => createGuards(arm, { collision, entries, keepOutThresholds: { keepOutHaltDistanceM: NaN } }), /halt distance of fr3_link3 and camera's view is NaN/);
});

test("each can be switched off", () => {
  assert.deepEqual(createGuards(arm, { maxToolSpeedMps: Infinity, singularity: false }), []);
  assert.deepEqual(createGuards(arm).map(({ name }) => name), ["Cartesian speed", "singularity"]);
});

test("the ready pose and slow motion from it are free of any slow-down", () => {
  fc.assert(fc.property(small, (v) => {
    const inside = createGuards(arm, { collision, entries });
    const asked = motion(FR3_READY, FR3_READY.map((p, j) => j === 7 ? p : p + 0.02 * v[j]!), 0.2);
    assert.equal(worstVerdict(inside, asked).scale, 1);
  }), { numRuns: 20 });
});
