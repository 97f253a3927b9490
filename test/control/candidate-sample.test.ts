import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { CandidateSample } from "../../src/control/candidate-sample.js";
import { InThreadPlanningService } from "../../src/control/in-thread-planning-service.js";
import { createPlanner } from "../../src/control/planner-config.js";
import { toolPaths } from "../../src/control/tool-paths.js";
import { WorkerPlanningService } from "../../src/control/worker-planning-service.js";
import { FR3_READY, fr3Model } from "../../src/robot/fr3.js";
import { FrameTurn } from "../../src/robot/frame-turn.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";

import type { PlanningService, PlanRequest } from "../../src/control/planning-service.js";
import type { Rollouts } from "../../src/planner/index.js";

const BUNDLE = join("test", "fixtures", "tiny-bundle");
const PLANNER = { kind: "icem", options: { candidates: 48, iterations: 4, elites: 6, seed: 3 } } as const;
const IMAGE = { width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7) % 251) };

function request(goal: Float32Array, show?: number): PlanRequest {
  return {
    image: IMAGE, state: Float32Array.of(0.4, 0.1, 0.3, 0.04, 0, 0, 0), committed: Float32Array.of(0, 0, 0, 0.5), goal,
    deadlineMs: Infinity, shift: 0, explorationScale: 1, ...(show === undefined ? {} : { show }),
  };
}

async function services(): Promise<[string, PlanningService][]> {
  const model = await OnnxWorldModel.load(BUNDLE);
  const bounds = { low: Float32Array.from(model.manifest.action.low), high: Float32Array.from(model.manifest.action.high) };
  return [
    ["in the thread", new InThreadPlanningService({ model, planner: createPlanner(PLANNER), bounds })],
    ["in the worker", await WorkerPlanningService.start({ bundleDirectory: BUNDLE, planner: PLANNER })],
  ];
}

test("a plan hands candidates back when it is asked to, and is the same plan when it is not", async () => {
  for (const [where, service] of await services()) {
    const goal = new Float32Array(service.model.latentDim).fill(0.2);
    service.reset(1);
    const plain = await service.plan(request(goal));
    assert.equal(plain.shown, undefined, where);
    service.reset(1);
    const { shown, ...same } = await service.plan(request(goal, 40));
    assert.deepEqual([...same.actions], [...plain.actions], `${where}: looking on must not change what is found`);
    assert.equal(same.energy, plain.energy);

    const { horizon, actionDim, stateDim } = service.model;
    assert.ok(shown !== undefined && shown.count > 20 && shown.count <= 40, `${where}: ${shown?.count} candidates`);
    assert.equal(shown.actions.length, shown.count * horizon * actionDim);
    assert.equal(shown.states?.length, shown.count * horizon * stateDim);
    assert.equal(shown.energies[0], plain.energy, "the best is the plan");
    assert.deepEqual([...shown.actions.subarray(0, horizon * actionDim)], [...plain.actions]);
    assert.ok(shown.energies.every((energy, i) => i === 0 || energy >= shown.energies[i - 1]!), "lowest first");
    assert.ok(shown.energies.at(-1)! > 1.05 * shown.energies[0], "and not only the best");
    assert.ok(Math.abs(shown.start[0]! - 0.4) < 1e-6);
    for (let c = 0; c < shown.count; c++) assert.equal(shown.actions[c * horizon * actionDim + 3], 0.5, "the committed action begins all of them");
    await service.close();
  }
});

function population(energies: readonly number[], horizon: number): Rollouts {
  const count = energies.length;
  return {
    count, horizon, actionDim: 1, from: 0, to: horizon, stepEnergies: new Float32Array(count * horizon),
    actions: Float32Array.from({ length: count * horizon }, (_, i) => Math.floor(i / horizon)),
    states: Float32Array.from({ length: count * horizon * 2 }, (_, i) => i),
  };
}

test("the first and the newest populations are kept, the best of all always, what is not finite never", () => {
  const sample = new CandidateSample(9, { horizon: 2, actionDim: 1, stateDim: 2 });
  const energies = [[5, 4, NaN, 6], [0.5, 7, Infinity, 8], [3, 9, 9, 9], [3, 9, 9, 9], [3, 9, 9, 9], [2, 9, 9, 10], [3, 8, 9, 9]];
  energies.forEach((row) => { sample.take(population(row, 2), Float64Array.from(row)); });
  const { count, energies: kept, actions, states } = sample.shown(Float32Array.of(1, 2), undefined);
  assert.equal(kept[0], 0.5, "the best of all, though its population is long gone");
  assert.ok(kept.includes(4) && kept.includes(6), "the ends of the first population");
  assert.ok(kept.includes(2) && kept.includes(10), "the ends of the one before the last");
  assert.ok(kept.every((energy) => Number.isFinite(energy)) && count <= 9);
  assert.deepEqual([...actions.subarray(0, 2)], [0, 0]);
  assert.deepEqual([...states!.subarray(0, 4)], [0, 1, 2, 3]);
  assert.equal(new CandidateSample(9, { horizon: 2, actionDim: 1, stateDim: 2 }).shown(Float32Array.of(1, 2), undefined).count, 0);
});

const NAMES = { stateNames: ["ee_x", "ee_y", "ee_z", "gripper_opening"], actionNames: ["dx", "dy", "dz", "gripper"] };

test("paths are the predicted ones, and without prediction the sum of the steps", () => {
  const shown = {
    count: 2, energies: Float64Array.of(1, 2), start: Float32Array.of(0.5, 0, 0.25, 0),
    actions: Float32Array.of(0.125, 0, 0, 0, 0, 0.125, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.25, 0),
  };
  assert.deepEqual([...toolPaths(shown, NAMES)!.places], [0.625, 0, 0.25, 0.625, 0.125, 0.25, 0.5, 0, 0.5, 0.5, 0, 0.75]);
  const states = Float32Array.from({ length: 16 }, (_, i) => i);
  assert.deepEqual([...toolPaths({ ...shown, states }, NAMES)!.places], [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]);
  assert.equal(toolPaths(shown, { ...NAMES, stateNames: ["q1", "q2"] }), undefined, "a state that does not say where the tool is");
  assert.equal(toolPaths({ ...shown, count: 0 }, NAMES), undefined);
});

test("a state of joint positions is brought to places by the robot's kinematics", async () => {
  const robot = await fr3Model(await readFile(join("urdf", "fr3.urdf"), "utf8"));
  const arm = robot.jointNames.filter((_, joint) => robot.movesTool[joint]);
  const names = { stateNames: arm, actionNames: arm, robot };
  const ready = FR3_READY.slice(0, arm.length);
  const actions = new Float32Array(2 * arm.length);
  actions[0] = 0.1;
  actions[arm.length + 3] = 0.2;
  const shown = { count: 1, energies: Float64Array.of(1), start: Float32Array.from(ready), actions };
  const near = (a: ArrayLike<number>, b: ArrayLike<number>): void => { for (let i = 0; i < 3; i++) assert.ok(Math.abs(a[i]! - b[i]!) < 1e-5, `${a[i]} for ${b[i]}`); };
  const at = (change: readonly [number, number]): ArrayLike<number> =>
    robot.toolPose(robot.jointNames.map((_, joint) => (ready[joint] ?? 0) + (joint === 0 ? change[0] : joint === 3 ? change[1] : 0))).position;
  const { start, places } = toolPaths(shown, names)!;
  near(start, at([0, 0]));
  near(places, at([0.1, 0]));
  near(places.subarray(3), at([0.1, 0.2]));
  assert.ok(Math.hypot(...[0, 1, 2].map((axis) => places[3 + axis]! - start[axis]!)) > 0.03, "it moves");
  assert.equal(toolPaths(shown, { ...names, stateNames: arm.map((name) => `${name}_position`) }), undefined, "joints of other names");
  robot.dispose();
});

test("what is shown is in the base frame", () => {
  const turn = { angleRad: Math.PI / 2, pivotM: [0, 0] as const };
  const sample = new CandidateSample(5, { horizon: 1, actionDim: 4, stateDim: 4 });
  sample.take({
    count: 1, horizon: 1, actionDim: 4, from: 0, to: 1, stepEnergies: new Float32Array(1), actions: Float32Array.of(0.1, 0, 0, 1), states: Float32Array.of(0.3, 0, 0.2, 0),
  }, Float64Array.of(1));
  const shown = sample.shown(Float32Array.of(0.2, 0, 0.2, 0), { actions: new FrameTurn(NAMES.actionNames, turn), states: new FrameTurn(NAMES.stateNames, turn) });
  const near = (a: ArrayLike<number>, b: readonly number[]): void => { b.forEach((value, i) => { assert.ok(Math.abs(a[i]! - value) < 1e-6, `${a[i]} for ${value}`); }); };
  near(shown.actions, [0, 0.1, 0, 1]);
  near(shown.states!, [0, 0.3, 0.2, 0]);
  near(shown.start, [0, 0.2, 0.2, 0]);
});
