import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import {
  ActionSmoothness, GripperEffort, Icem, JointCentring, KeepOut, type KeepOutShape, type ObjectiveTerm, ScoreFailed, TermSet, Workspace,
} from "../../src/planner/index.js";
import { type Clearance, clearanceTo } from "../../src/planner/terms/keep-out-shape.js";
import { softBarrier } from "../../src/planner/terms/soft-barrier.js";
import { box, noDeadline, quadratic } from "./problems.js";
import { ACTION_DIM, CONTEXT, costsOf, held, HORIZON, rollouts, STATE_DIM } from "./terms-context.js";

const SHAPES: readonly KeepOutShape[] = [
  { shape: "box", centerM: [0, 0, 0.1], sizeM: [0.2, 0.2, 0.2], rotationRpyRad: [0, 0, 0] },
  { shape: "sphere", centerM: [0.3, 0, 0.1], radiusM: 0.05 },
  { shape: "half_space", pointM: [3, 3, 0.01], normal: [0, 0, 2] },
];
const ALL: readonly (() => ObjectiveTerm)[] = [
  () => new ActionSmoothness(), () => new GripperEffort(), () => new JointCentring(),
  () => new Workspace({ low: [0, -0.2, 0], high: [0.6, 0.2, 0.4], marginM: 0.02 }), () => new KeepOut(SHAPES, 0.03),
];

function near(actual: readonly number[], wanted: readonly number[], tolerance = 1e-6): void {
  assert.equal(actual.length, wanted.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]!) <= tolerance, `[${i}] is ${value}, not ${wanted[i]}`));
}

/** Populations of any finite numbers within reason. */
const populations = fc.record({
  count: fc.integer({ min: 1, max: 6 }), from: fc.integer({ min: 0, max: HORIZON - 1 }), to: fc.integer({ min: 0, max: HORIZON }),
  seed: fc.infiniteStream(fc.float({ min: -2, max: 2, noNaN: true })),
}).map(({ count, from, to, seed }) => {
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => seed.next().value as number);
  return {
    count, horizon: HORIZON, actionDim: ACTION_DIM, stateDim: STATE_DIM, from, to: Math.max(from, to),
    actions: draw(count * HORIZON * ACTION_DIM), stepEnergies: draw(count * HORIZON), states: draw(count * HORIZON * STATE_DIM),
    start: { state: draw(STATE_DIM), joints: { positions: Float64Array.from(draw(4)), perMetre: Float64Array.from(draw(12)) } },
  };
});

describe("every built-in term", () => {
  for (const make of ALL) {
    const { name } = make();
    it(`${name}: finite and at least 0 for finite input; a candidate's cost depends neither on its neighbours nor on steps that do not count`, () => {
      fc.assert(fc.property(populations, (scored) => {
        const costs = costsOf(make(), scored);
        assert.ok(costs.every((cost) => Number.isFinite(cost) && cost >= 0), String(costs));
        costs.forEach((cost, c) => {
          const part = (values: Float32Array, width: number): Float32Array => values.slice(c * HORIZON * width, (c + 1) * HORIZON * width);
          const alone = { ...scored, count: 1, actions: part(scored.actions, ACTION_DIM), states: part(scored.states, STATE_DIM), stepEnergies: part(scored.stepEnergies, 1) };
          assert.equal(costsOf(make(), alone)[0], cost);
        });
        // What lies behind the judged steps is not looked at.
        const later = { ...scored, actions: scored.actions.slice(), states: scored.states.slice() };
        for (let c = 0; c < scored.count; c++) {
          later.actions.fill(NaN, (c * HORIZON + scored.to) * ACTION_DIM, (c + 1) * HORIZON * ACTION_DIM);
          later.states.fill(NaN, (c * HORIZON + scored.to) * STATE_DIM, (c + 1) * HORIZON * STATE_DIM);
        }
        assert.deepEqual(costsOf(make(), later), costs);
      }), { numRuns: 60 });
    });
  }

  it("refuses a bundle without what it needs, naming it", () => {
    const bare = { ...CONTEXT, stateNames: ["position"], actionNames: ["a", "b", "c", "d"], joints: [] };
    assert.throws(() => new Workspace({ low: [0, 0, 0], high: [1, 1, 1], marginM: 0.1 }).initialize(bare), /objective term workspace needs ee_x in the bundle's proprioception, which has position/);
    assert.throws(() => new KeepOut(SHAPES, 0.1).initialize(bare), /keep_out needs ee_x/);
    assert.throws(() => new JointCentring().initialize({ ...CONTEXT, joints: [] }), /joint_centring needs a robot with joints that have limits/);
    assert.throws(() => new GripperEffort().initialize(bare), /gripper_effort needs an action called gripper, the bundle has a, b, c, d/);
  });
});

describe("action smoothness", () => {
  it("is the mean squared change in shares of the range; the gripper is left out", () => {
    const steady = held([0.04, 0, -0.04, 1]);
    const jump = [[0.04, 0, 0, 0], [-0.04, 0, 0, 1], [-0.04, 0, 0, 0], [-0.04, 0, 0, 1]];
    near(costsOf(new ActionSmoothness(), rollouts({ actions: [steady, jump] })), [0, 1 / (4 * 3)]);
  });

  it("compares the first free action with the last decided one, and nothing before", () => {
    const actions = [[[-0.04, 0, 0, 0], [0.04, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]];
    near(costsOf(new ActionSmoothness(), rollouts({ actions, from: 2 })), [0.25 / (2 * 3)]);
    near(costsOf(new ActionSmoothness(), rollouts({ actions, from: 3 })), [0]);
  });

  it("is the same for a sequence and its mirror", () => {
    fc.assert(fc.property(populations, (scored) => {
      const mirrored = { ...scored, actions: scored.actions.map((value) => -value) };
      assert.deepEqual(costsOf(new ActionSmoothness(), mirrored), costsOf(new ActionSmoothness(), scored));
    }), { numRuns: 30 });
  });
});

describe("gripper effort", () => {
  it("counts switches, the one from the decided action too, and pressing below the opening that is there", () => {
    const gripper = (values: readonly number[]): number[][] => values.map((value) => [0, 0, 0, value]);
    const start = [0, 0, 0, 0.04, 0, 0, 0];
    near(costsOf(new GripperEffort(), rollouts({ actions: [gripper([1, 1, 1, 1]), gripper([1, 0, 0, 1]), gripper([0, 0, 0, 0])], start, from: 1 })),
      [0, (1 + 1 + 0.1 * (0.5 + 0.5)) / 3, 0.1 * 0.5]);
  });
});

describe("workspace and keep-out", () => {
  it("the barrier is 0 from the margin on, 1 at the border, smooth, and falls with the distance everywhere else", () => {
    assert.equal(softBarrier(0.03, 0.03), 0);
    assert.equal(softBarrier(0, 0.03), 1);
    fc.assert(fc.property(fc.double({ min: -1, max: 0.029, noNaN: true }), (clearance) => {
      assert.ok(softBarrier(clearance, 0.03) > softBarrier(clearance + 1e-4, 0.03));
      // One slope on both sides of the border.
      assert.ok(Math.abs((softBarrier(clearance, 0.03) - softBarrier(clearance + 1e-6, 0.03)) / 1e-6) <= 2 / 0.03 + 1);
    }));
  });

  it("the workspace costs by its nearest side", () => {
    const term = new Workspace({ low: [0, -0.2, 0], high: [0.6, 0.2, 0.4], marginM: 0.02 });
    near(costsOf(term, rollouts({ tool: [held([0.3, 0, 0.2]), held([0.3, 0.19, 0.01]), held([0.62, 0, 0.2])] })), [0, 0.25, 3], 1e-4);
    assert.throws(() => new Workspace({ low: [0, 0, 0], high: [1, 0, 1], marginM: 0.1 }), /not below 0 on axis y/);
    assert.throws(() => new Workspace({ low: [0, 0, 0], high: [1, 1, 1], marginM: 0 }), /margin is 0 m/);
  });

  it("clearances are distances: to a box's face and corner, a sphere, a plane", () => {
    const [b, s, p] = SHAPES.map(clearanceTo) as [Clearance, Clearance, Clearance];
    near([b(0.13, 0, 0.1), b(0.13, 0.14, 0.1), b(0.07, 0, 0.1)], [0.03, 0.05, -0.03]);
    near([s(0.3, 0, 0.25), s(0.3, 0, 0.12)], [0.1, -0.03]);
    near([p(5, 5, 0.06), p(0, 0, 0)], [0.05, -0.01]);
    // A long board: along x, then turned onto y, onto z, and about two axes one after the other.
    const board = (rotationRpyRad: readonly number[]): Clearance => clearanceTo({ shape: "box", centerM: [1, 0, 0], sizeM: [2, 0.2, 0.4], rotationRpyRad });
    near([board([0, 0, 0])(1, 0, 0.3), board([0, 0, Math.PI / 2])(1, 1.5, 0), board([0, Math.PI / 2, 0])(1, 0, 1.5)], [0.1, 0.5, 0.5]);
    near([board([Math.PI / 2, 0, 0])(1, 0.3, 0), board([Math.PI / 2, 0, Math.PI / 2])(0.5, 0, 0), board([0, Math.PI / 6, 0])(1 + Math.cos(Math.PI / 6), 0, -0.5)], [0.1, 0.3, 0]);
    fc.assert(fc.property(fc.constantFrom<KeepOutShape>(...SHAPES, { shape: "box", centerM: [0.1, 0, 0.2], sizeM: [0.5, 0.1, 0.3], rotationRpyRad: [0.3, -1, 2] }), fc.tuple(...Array.from({ length: 6 }, () => fc.double({ min: -1, max: 1, noNaN: true }))), (shape, [x, y, z, u, v, w]) => {
      const clearance = clearanceTo(shape);
      const apart = Math.hypot(x! - u!, y! - v!, z! - w!);
      assert.ok(Math.abs(clearance(x!, y!, z!) - clearance(u!, v!, w!)) <= apart + 1e-9, "no distance changes faster than the place");
    }));
  });

  it("a step that jumps over a thin zone pays for it, and so does the first one from where the tool is", () => {
    const wall: KeepOutShape = { shape: "box", centerM: [0.101, 0, 0], sizeM: [0.002, 2, 2], rotationRpyRad: [0, 0, 0] };
    const term = new KeepOut([wall], 0.02);
    const [over, before] = costsOf(term, rollouts({ tool: [[[0.05, 0, 0], [0.15, 0, 0], [0.15, 0, 0], [0.15, 0, 0]], held([0.05, 0, 0])] }));
    assert.ok(over! >= 1 / 4 - 0.1 && before === 0, `${over} ${before}`);
    assert.ok(costsOf(term, rollouts({ tool: [held([0.2, 0, 0])] }))[0]! > 0.1);
    assert.equal(costsOf(term, rollouts({ tool: [held([0.2, 0, 0])], start: [0.2, 0, 0, 0, 0, 0, 0] }))[0], 0);
  });

  it("a zone moved with the tool costs the same; without zones nothing costs anything; a state that is no number is no cost that counts", () => {
    fc.assert(fc.property(populations, fc.integer({ min: -4, max: 4 }), (scored, shift) => {
      const offset = shift / 4;
      const sphere = (x: number): KeepOut => new KeepOut([{ shape: "sphere", centerM: [x, 0, 0], radiusM: 0.5 }], 0.5);
      const moved = {
        ...scored,
        states: scored.states.map((value, i) => i % STATE_DIM === 0 ? value + offset : value),
        start: { ...scored.start, state: scored.start.state.map((value, i) => i === 0 ? value + offset : value) },
      };
      near(costsOf(sphere(offset), moved), costsOf(sphere(0), scored), 1e-5);
      assert.ok(costsOf(new KeepOut([], 0.1), scored).every((cost) => cost === 0));
    }), { numRuns: 40 });
    assert.ok(Number.isNaN(costsOf(new KeepOut(SHAPES, 0.1), rollouts({ tool: [held([NaN, 0, 0])] }))[0]));
  });

  it("shapes that enclose nothing are refused", () => {
    assert.throws(() => new KeepOut([{ shape: "sphere", centerM: [0, 0, 0], radiusM: 0 }], 0.1), /radiusM of a keep-out sphere is 0/);
    assert.throws(() => new KeepOut([{ shape: "box", centerM: [0, 0, 0], sizeM: [1, 1, 0], rotationRpyRad: [0, 0, 0] }], 0.1), /sizeM of a keep-out box is \[1, 1, 0\]: must be above 0/);
    assert.throws(() => new KeepOut([{ shape: "half_space", pointM: [0, 0, 0], normal: [0, 0, 0] }], 0.1), /normal of a keep-out half_space is 0/);
    assert.throws(() => new KeepOut([{ shape: "half_space", pointM: [0, 0], normal: [0, 1, 0] }], 0.1), /pointM of a keep-out half_space is \[0, 0\]: must be three finite numbers/);
    assert.throws(() => new KeepOut([], 0), /margin is 0 m/);
  });
});

describe("joint centring", () => {
  it("estimates the joints from where the tool goes, 1 at a limit; only limited joints that move the tool count", () => {
    // shoulder 1 + 2 x of -1 .. 3, elbow -1 + 4 y of -2 .. 0
    const tool = [held([0, 0, 0]), held([1, 0, 0]), held([0, 0.125, 0])];
    near(costsOf(new JointCentring(), rollouts({ tool })), [0, 1 / 2, 0.25 / 2]);
  });
});

describe("TermSet", () => {
  const costing = (name: string, cost: (c: number) => number): ObjectiveTerm => ({
    name, initialize: () => undefined, score: ({ count }, costs) => { for (let c = 0; c < count; c++) costs[c] = cost(c); },
  });
  const population = rollouts({ energies: [[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]] });

  it("adds weighted costs to the energies; what is not finite rules a candidate out and is counted", () => {
    const set = new TermSet([{ term: costing("a", (c) => c), weight: 2 }, { term: costing("b", (c) => [1, NaN, -Infinity][c]!), weight: 1 }], CONTEXT);
    set.begin({ state: new Float32Array(STATE_DIM) });
    const energies = Float64Array.of(1, 2, 3);
    set.add(population, energies);
    assert.deepEqual([...energies], [2, Infinity, Infinity]);
    set.best(0);
    assert.deepEqual(set.statistics, [
      { name: "goal_energy", weight: 1, mean: 2, best: 1, share: 0.5, nonFinite: 0, candidates: 3 },
      { name: "a", weight: 2, mean: 2, best: 0, share: 0, nonFinite: 0, candidates: 3 },
      { name: "b", weight: 1, mean: 1, best: 1, share: 0.5, nonFinite: 2, candidates: 3 },
    ]);
  });

  it("counts over all populations of a plan, and anew in the next; without an answer there is no best", () => {
    const set = new TermSet([{ term: costing("a", (c) => c), weight: 1 }], CONTEXT);
    set.begin({ state: new Float32Array(STATE_DIM) });
    for (const times of [1, 2]) {
      set.add(population, Float64Array.of(1, 2, 3));
      assert.equal(set.statistics[1]!.candidates, 3 * times);
    }
    assert.deepEqual([set.statistics[1]!.best, set.statistics[1]!.share], [undefined, undefined]);
    set.begin({ state: new Float32Array(STATE_DIM) });
    assert.deepEqual([set.statistics[1]!.candidates, set.statistics[1]!.mean], [0, undefined]);
  });

  it("weights change between plans; a term of weight 0 is not asked", () => {
    let asked = 0;
    const set = new TermSet([{ term: { ...costing("a", () => 1), score: () => { asked++; } }, weight: 0 }], CONTEXT);
    assert.equal(set.active, false);
    set.begin({ state: new Float32Array(STATE_DIM) });
    set.add(population, new Float64Array(3));
    assert.equal(asked, 0);
    set.begin({ state: new Float32Array(STATE_DIM) }, { a: 3, unknown: 7 });
    set.add(population, new Float64Array(3));
    assert.deepEqual([asked, set.active, set.statistics[1]!.weight], [1, true, 3]);
  });

  it("refuses weights that are none, names that are there twice and plans without the joints that a term needs", () => {
    for (const weight of [-1, NaN, Infinity]) {
      assert.throws(() => new TermSet([{ term: costing("a", () => 0), weight }], CONTEXT), /weight of the objective term a is .*: must be a number of at least 0/);
    }
    assert.throws(() => new TermSet(["a", "a"].map((name) => ({ term: costing(name, () => 0), weight: 1 })), CONTEXT), /a is there twice/);
    assert.throws(() => new TermSet([{ term: costing("goal_energy", () => 0), weight: 1 }], CONTEXT), /goal_energy is there twice/);
    const set = new TermSet([{ term: new JointCentring(), weight: 1 }], CONTEXT);
    assert.equal(set.needingJoints, "joint_centring");
    assert.throws(() => set.begin({ state: new Float32Array(STATE_DIM) }), /joint_centring needs the joint positions, and the plan was asked for without them/);
  });
});

describe("a search with costs", () => {
  const bounds = box([-1], [1]);
  const context = { ...CONTEXT, horizon: 6, actionNames: ["a"], low: [-1], high: [1] };
  const options = { candidates: 40, elites: 6, iterations: 4, seed: 5 };
  const state = { state: new Float32Array(STATE_DIM) };
  const away = (weight: number): TermSet => new TermSet([{
    weight,
    term: {
      name: "away", initialize: () => undefined,
      score: ({ count, horizon, actions }, costs) => {
        for (let c = 0; c < count; c++) for (let h = 0; h < horizon; h++) costs[c]! += Math.max(0, actions[c * horizon + h]! - 0.2) / horizon;
      },
    },
  }], context);

  it("terms of weight 0 change nothing, bit for bit", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 1000 }), fc.boolean(), async (seed, committed) => {
      const problem = { ...quadratic(6, bounds, 0.5), ...(committed ? { committed: Float32Array.of(0.3) } : {}) };
      const [plain, costed] = [new Icem({ ...options, seed }), new Icem({ ...options, seed })];
      const costs = away(0);
      for (let step = 0; step < 3; step++) {
        costs.begin(state);
        assert.deepEqual(await costed.plan({ ...problem, costs }, noDeadline), await plain.plan(problem, noDeadline));
        for (const planner of [plain, costed]) planner.shift(1);
      }
    }), { numRuns: 15 });
  });

  it("a cost moves the plan, its energies stay those of the goal, and the statistics are those of the answer", async () => {
    const problem = quadratic(6, bounds, 0.5);
    const costs = away(10);
    costs.begin(state);
    const plan = await new Icem({ ...options, iterations: 8 }).plan({ ...problem, costs }, noDeadline);
    assert.ok(plan.actions.every((value) => value < 0.3), String(plan.actions));
    const goal = plan.stepEnergies.reduce((sum, energy) => sum + energy, 0) / 6;
    plan.stepEnergies.forEach((energy, h) => assert.ok(Math.abs(energy - (plan.actions[h]! - 0.5) ** 2) < 1e-6));
    const [energy, term] = costs.statistics;
    assert.ok(Math.abs(energy!.best! - goal) < 1e-6);
    assert.ok(Math.abs(energy!.best! + term!.best! - plan.energy) < 1e-9);
    assert.equal(term!.candidates, plan.candidates);
  });

  it("decided steps and steps that do not count for the goal are not judged", async () => {
    const seen: { from: number; to: number }[] = [];
    const costs = { add: ({ from, to }: { from: number; to: number }) => { seen.push({ from, to }); }, best: () => undefined };
    await new Icem({ ...options, iterations: 1, objective: { kind: "weights", weights: [1, 1, 1, 1, 0, 0] } })
      .plan({ ...quadratic(6, bounds, 0.5), committed: Float32Array.of(0, 0), costs }, noDeadline);
    assert.deepEqual(seen, [{ from: 2, to: 4 }]);
  });

  it("when every candidate is ruled out the answer's energy is infinite; a term that throws ends the search with its reason", async () => {
    const problem = quadratic(6, bounds, 0.5);
    const ruledOut = { add: (_: unknown, energies: Float64Array) => { energies.fill(Infinity); }, best: () => assert.fail("there is no best") };
    assert.equal((await new Icem(options).plan({ ...problem, costs: ruledOut }, noDeadline)).energy, Infinity);
    const broken = { add: () => { throw new Error("a term broke"); }, best: () => undefined };
    await assert.rejects(new Icem(options).plan({ ...problem, costs: broken }, noDeadline),
      (error) => error instanceof ScoreFailed && error.message === "judging the candidates failed after 0 iterations: a term broke");
  });
});
