import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { InThreadPlanningService } from "../../src/control/in-thread-planning-service.js";
import { createPlanner, type PlannerConfig, withBundleSearch } from "../../src/control/planner-config.js";
import type { PlanRequest } from "../../src/control/planning-service.js";
import { whyNotFinite } from "../../src/control/why-not-finite.js";
import { WorkerPlanningService } from "../../src/control/worker-planning-service.js";
import { createTerms, type TermConfig, type TermsConfig } from "../../src/objective/index.js";
import type { KeepOutShape, TermContext } from "../../src/planner/index.js";
import { clearanceTo } from "../../src/planner/terms/keep-out-shape.js";
import { type Manifest, OnnxWorldModel, readManifest, type WorldModel } from "../../src/world-model/index.js";
import { oldBundle, picture, tinyBundle } from "../world-model/fixtures.js";

const PLANNER: PlannerConfig = { kind: "icem", options: { candidates: 32, iterations: 3, elites: 6 } };
const RED: [number, number, number] = [255, 0, 0];
const IMAGE = picture(64, 64, 50, [{ x: 10, y: 30, size: 8, rgb: RED }]);

function contextOf({ horizon, action, state }: Manifest): TermContext {
  return {
    horizon, periodS: action.period_s, actionNames: action.names, low: action.low, high: action.high, stateNames: state.names,
    joints: [{ name: "shoulder", lower: -1, upper: 1, movesTool: true }], fullOpeningM: 0.08,
  };
}

async function config(terms: readonly TermConfig[], bundle = tinyBundle): Promise<TermsConfig> {
  return { terms, context: contextOf(await readManifest(bundle)) };
}

async function inThread(terms?: TermsConfig, bundle = tinyBundle): Promise<InThreadPlanningService> {
  const model = await OnnxWorldModel.load(bundle);
  const { low, high } = model.manifest.action;
  return new InThreadPlanningService({
    model, planner: createPlanner(PLANNER), bounds: { low: Float32Array.from(low), high: Float32Array.from(high) },
    ...(terms === undefined ? {} : { terms: await createTerms(terms) }),
  });
}

async function request(service: { encode(image: typeof IMAGE): Promise<Float32Array> }, change: Partial<PlanRequest> = {}): Promise<PlanRequest> {
  return {
    image: IMAGE, state: new Float32Array(7), committed: Float32Array.of(0, 0, 0, 0.5),
    goal: await service.encode(picture(64, 64, 50, [{ x: 40, y: 30, size: 8, rgb: RED }])),
    deadlineMs: Infinity, shift: 0, explorationScale: 1, ...change,
  };
}

const SLOW: TermConfig = { kind: "expression", name: "slow", weight: 100, expression: "hypot(vx, vy, vz) ^ 2" };
const SMOOTH: TermConfig = { kind: "action_smoothness", weight: 0 };

function speed(actions: Float32Array): number {
  let sum = 0;
  for (let h = 1; h < 6; h++) sum += Math.hypot(actions[4 * h]!, actions[4 * h + 1]!, actions[4 * h + 2]!) / 5;
  return sum;
}

test("with all weights 0 plans are those without terms, number for number, and there are no statistics", async () => {
  const [plain, costed] = [await inThread(), await inThread(await config([SMOOTH, { ...SLOW, weight: 0 }]))];
  for (const shift of [0, 1, 1]) {
    const asked = await request(plain, { shift });
    const untimed = { encodeMs: 0, planMs: 0 };
    const a = { ...(await plain.plan(asked)), ...untimed };
    const b = { ...(await costed.plan(asked)), ...untimed };
    assert.deepEqual(b, a);
    assert.ok(!("terms" in b));
  }
  for (const service of [plain, costed]) await service.close();
});

test("a term shapes the plan, and neither the energy of the picture nor the step energies", async () => {
  const [plain, costed] = [await inThread(), await inThread(await config([SLOW]))];
  const asked = await request(plain);
  const [fast, slow] = [await plain.plan(asked), await costed.plan(asked)];
  assert.ok(speed(slow.actions) < 0.5 * speed(fast.actions), `${speed(slow.actions)} after ${speed(fast.actions)} m a step`);
  assert.equal(slow.startEnergy, fast.startEnergy, "what reached is judged by");
  const model = await OnnxWorldModel.load(tinyBundle);
  assert.deepEqual(slow.stepEnergies, (await model.score(slow.latent, asked.state, slow.actions, 1, asked.goal)).stepEnergies);
  const [goal, term] = slow.terms!;
  assert.equal(term!.name, "slow");
  assert.ok(Math.abs(goal!.best! + term!.best! - slow.energy) < 1e-9 && Math.abs(goal!.share! + term!.share! - 1) < 1e-9);
  assert.equal(goal!.candidates, slow.candidates);
  for (const closing of [plain, costed, model]) await closing.close();
});

test("weights come with each request, and stay until others come", async () => {
  const service = await inThread(await config([{ ...SLOW, weight: 0 }, SMOOTH]));
  const asked = await request(service);
  assert.equal((await service.plan(asked)).terms, undefined);
  const weighed = await service.plan({ ...asked, terms: { weights: { slow: 100, action_smoothness: 2 } } });
  assert.deepEqual(weighed.terms!.map(({ name, weight }) => [name, weight]), [["goal_energy", 1], ["slow", 100], ["action_smoothness", 2]]);
  assert.deepEqual((await service.plan(asked)).terms!.map(({ weight }) => weight), [1, 100, 2]);
  assert.equal((await service.plan({ ...asked, terms: { weights: { slow: 0, action_smoothness: 0 } } })).terms, undefined);
  await assert.rejects(service.plan({ ...asked, terms: { weights: { slow: NaN } } }), /weight of the objective term slow is NaN/);
  await service.close();
});

test("joints are told with the request; without them a term that needs them says so", async () => {
  const service = await inThread(await config([{ kind: "expression", name: "shoulder", weight: 1, expression: "q1" }]));
  const asked = await request(service);
  await assert.rejects(service.plan(asked), /objective term shoulder needs the joint positions/);
  const joints = { positions: Float64Array.of(0.25), perMetre: new Float64Array(3) };
  assert.ok(Math.abs((await service.plan({ ...asked, terms: { weights: {}, joints } })).terms![1]!.mean! - 0.25) < 1e-9);
  await service.close();
});

test("the worker plans with terms what the thread plans, with the same statistics; a module is loaded in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-terms-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "high.mjs");
  await writeFile(path, `export const createTerm = ({ stateNames }) => ({
    needsStates: true, initialize() {},
    score({ count, horizon, stateDim, states, from, to }, costs) {
      for (let c = 0; c < count; c++) for (let h = from; h < to; h++) costs[c] -= states[(c * horizon + h) * stateDim + stateNames.indexOf("ee_z")];
    },
  });`);
  const terms = await config([SLOW, { ...SMOOTH, weight: 1 }, { kind: "module", name: "high", weight: 0.3, path }]);
  const [local, worker] = [await inThread(terms), await WorkerPlanningService.start({ bundleDirectory: tinyBundle, planner: PLANNER, terms })];
  const asked = await request(local, { terms: { weights: { slow: 3 } } });
  const [a, b] = [await local.plan(asked), await worker.plan(asked)];
  assert.deepEqual(b.actions, a.actions);
  assert.deepEqual(b.terms, a.terms);
  assert.deepEqual(a.terms!.map(({ name, weight }) => [name, weight]), [["goal_energy", 1], ["slow", 3], ["action_smoothness", 1], ["high", 0.3]]);
  for (const service of [local, worker]) await service.close();
});

test("what cannot be had is one line at the start: a module that is not there, states that an old bundle does not give", async () => {
  const start = async (terms: readonly TermConfig[], bundleDirectory = tinyBundle): Promise<unknown> =>
    WorkerPlanningService.start({ bundleDirectory, planner: PLANNER, terms: await config(terms) });
  const oneLine = (wanted: RegExp) => (error: Error): boolean => {
    assert.match(error.message, wanted);
    assert.ok(!error.message.includes("\n"));
    return true;
  };
  await assert.rejects(start([{ kind: "module", name: "mine", weight: 1, path: "/nowhere.mjs" }]), oneLine(/objective term mine: module \/nowhere\.mjs cannot be loaded/));
  await assert.rejects(start([{ kind: "workspace", weight: 1, low: [0, 0, 0], high: [1, 1, 1], marginM: 0.1 }], await oldBundle()),
    oneLine(/objective term workspace needs predicted states, and the bundle's rollout\.onnx has no output states: export the bundle again, or set the weight to 0/));
  // Of weight 0, or blind to states, they are no hindrance; a weight that comes later is.
  const service = await inThread(await config([{ ...SMOOTH, weight: 1 }, { ...SLOW, weight: 0 }]), await oldBundle());
  assert.equal(service.model.givesStates, false);
  const asked = await request(service);
  assert.equal((await service.plan(asked)).terms!.length, 2);
  await assert.rejects(service.plan({ ...asked, terms: { weights: { slow: 1 } } }), /objective term slow needs predicted states/);
  await service.close();
});

test("when terms rule every candidate out the plan says which", async () => {
  const service = await inThread(await config([{ kind: "expression", name: "never", weight: 1, expression: "1 / 0" }]));
  const result = await service.plan(await request(service));
  assert.equal(result.energy, Infinity);
  assert.ok(Number.isFinite(result.startEnergy), "the picture is judged all the same");
  assert.equal(whyNotFinite(result), `no candidate is left: never is not finite for ${result.candidates} of ${result.candidates}.`);
  assert.equal(whyNotFinite({ energy: NaN }), "the energy of the plan is NaN.");
  await service.close();
});

/** Tool moves from start to goal in the shipped bundle, each plan's first action executed by the model itself. */
async function drive(zones: readonly KeepOutShape[], weight: number): Promise<{ path: number[][]; reached: number; nearest: number }> {
  const folder = join("models", "arm-objects-jepa");
  const model = await OnnxWorldModel.load(folder);
  const { manifest } = model;
  const { mean, std } = manifest.latent.readable!;
  // Things at rest beside the way, the same in start and goal.
  const latentOf = (tool: readonly number[]): Float32Array =>
    Float32Array.from([...tool, 0.08, 0.42, 0.18, 0.03, 0.6, 0.18, 0.03].map((value, i) => (value - mean[i]!) / std[i]!));
  const from = [0.5, -0.12, 0.15];
  const to = [0.5, 0.12, 0.15];
  let latent = latentOf(from);
  let state = Float32Array.from([...from, 0.08, 0, 0, 0]);
  const goal = latentOf(to);
  const seeing: WorldModel = {
    latentDim: model.latentDim, stateDim: model.stateDim, actionDim: model.actionDim, horizon: model.horizon, imageWidth: 8, imageHeight: 8,
    encode: () => Promise.resolve(latent), score: model.score.bind(model), scoreWithStates: model.scoreWithStates!, propose: model.propose!,
    close: () => model.close(),
  };
  const planning = new InThreadPlanningService({
    model: seeing, planner: createPlanner(withBundleSearch({ kind: "icem", options: { seed: 1 } }, manifest)),
    bounds: { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) },
    terms: await createTerms({ terms: [{ kind: "keep_out", weight, marginM: 0.03, shapes: zones }], context: contextOf(manifest) }),
  });
  const path = [from];
  for (let step = 0; step < 18; step++) {
    const { actions } = await planning.plan({
      image: IMAGE, state, goal, committed: new Float32Array(0), deadlineMs: Infinity, shift: step === 0 ? 0 : 1, explorationScale: 1,
    });
    const { states } = await model.scoreWithStates!(latent, state, actions, 1, goal);
    // The first step alone is executed.
    const { latents } = await model.rollOut(latent, state, Float32Array.from({ length: actions.length }, (_, i) => i < 4 ? actions[i]! : i % 4 === 3 ? actions[3]! : 0), 1);
    latent = latents.slice();
    state = states.slice(0, 7);
    // The model's latent after standing still is that after the step: its tool is where proprioception says.
    for (let axis = 0; axis < 3; axis++) latent[axis] = (state[axis]! - mean[axis]!) / std[axis]!;
    path.push([...state.subarray(0, 3)]);
  }
  await planning.close();
  let nearest = Infinity;
  path.forEach((place, i) => {
    const before = path[Math.max(0, i - 1)]!;
    for (let k = 0; k <= 10; k++) {
      const at = place.map((value, axis) => before[axis]! + (k / 10) * (value - before[axis]!)) as [number, number, number];
      nearest = Math.min(nearest, ...ZONES.map((zone) => clearanceTo(zone)(...at)));
    }
  });
  const end = path.at(-1)!;
  return { path, nearest, reached: Math.hypot(...end.map((value, axis) => value - to[axis]!)) };
}

/** A pillar that stands in the middle of the way. */
const ZONES: readonly KeepOutShape[] = [{ shape: "box", centerM: [0.5, 0, 0.15], sizeM: [0.08, 0.06, 0.3], rotationRpyRad: [0, 0, 0] }];

test("with the shipped bundle a keep-out term leads the way round a zone that lies on it", async () => {
  const [straight, round] = [await drive(ZONES, 0), await drive(ZONES, 5)];
  assert.ok(straight.nearest < -0.02, `without the term the way leads through the zone: ${straight.nearest}`);
  assert.ok(straight.reached < 0.04, `and to the goal: ${straight.reached}`);
  assert.ok(round.nearest > 0, `with it the way stays clear: ${round.nearest}\n${round.path.map((place) => place.map((value) => value.toFixed(3)).join(" ")).join("\n")}`);
  assert.ok(round.reached < 0.04, `and leads to the goal: ${round.reached}\n${round.path.map((place) => place.map((value) => value.toFixed(3)).join(" ")).join("\n")}`);
});
