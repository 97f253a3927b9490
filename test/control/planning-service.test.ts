import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { setTimeout as sleep } from "node:timers/promises";
import type { RgbImage } from "../../src/camera/types.js";
import { InThreadPlanningService } from "../../src/control/in-thread-planning-service.js";
import { monotonicMs } from "../../src/control/monotonic-ms.js";
import { createPlanner, type PlannerConfig } from "../../src/control/planner-config.js";
import type { PlanRequest } from "../../src/control/planning-service.js";
import { servePlanning } from "../../src/control/serve-planning.js";
import { ToyPlanning } from "./toy-planning.js";
import { WorkerPlanningService, type WorkerPlanningOptions } from "../../src/control/worker-planning-service.js";
import type { Planner, PlanProblem } from "../../src/planner/index.js";
import { ModelUnavailable, OnnxWorldModel } from "../../src/world-model/index.js";
import { proposingBundle } from "../world-model/fixtures.js";
import { InferenceServer } from "../world-model/inference-server.js";

/** Tests run from the package's root. */
const BUNDLE = join("test", "fixtures", "tiny-bundle");
const PLANNER: PlannerConfig = { kind: "icem", options: { candidates: 32, iterations: 3, elites: 6 } };

/** Black with a square of each colour; red where it is said. */
function picture(redX: number, redY: number, size = 64): RgbImage {
  const data = new Uint8Array(size * size * 3);
  const square = (x: number, y: number, channel: number): void => {
    for (let dy = 0; dy < 6; dy++) for (let dx = 0; dx < 6; dx++) data[((y + dy) * size + x + dx) * 3 + channel] = 255;
  };
  square(redX, redY, 0);
  square(4, 50, 1);
  square(50, 50, 2);
  return { width: size, height: size, data };
}

function request(goal: Float32Array, change: Partial<PlanRequest> = {}): PlanRequest {
  return {
    image: picture(10, 30), state: new Float32Array(7), committed: new Float32Array([0, 0, 0, 0.5]), goal,
    deadlineMs: Infinity, shift: 0, explorationScale: 1, ...change,
  };
}

async function inThread(bundle = BUNDLE, planner = createPlanner(PLANNER)): Promise<InThreadPlanningService> {
  const model = await OnnxWorldModel.load(bundle);
  const { low, high } = model.manifest.action;
  return new InThreadPlanningService({ model, planner, bounds: { low: Float32Array.from(low), high: Float32Array.from(high) } });
}

async function inWorker(options: Partial<WorkerPlanningOptions> = {}): Promise<WorkerPlanningService> {
  return WorkerPlanningService.start({ bundleDirectory: BUNDLE, planner: PLANNER, ...options });
}

test("plans toward the goal, with the committed action first", async () => {
  const service = await inThread();
  const goal = await service.encode(picture(40, 30));
  const result = await service.plan(request(goal));
  assert.equal(result.actions.length, 6 * 4);
  assert.deepEqual([...result.actions.subarray(0, 4)], [0, 0, 0, 0.5]);
  assert.equal(result.stepEnergies.length, 6);
  assert.ok(result.stepEnergies.at(-1)! < result.startEnergy, "the plan gets nearer");
  assert.ok(result.actions[4]! > 0, "to the right");
  assert.equal(result.iterations, 3);
  assert.ok(result.encodeMs >= 0 && result.planMs > 0);
  assert.deepEqual(result.latent, await service.encode(picture(10, 30)));
  await service.close();
});

test("given sequences are scored as the roll-out scores them, here and in a worker", async () => {
  const [service, worker] = [await inThread(), await inWorker()];
  const [latent, goal] = [await service.encode(picture(10, 30)), await service.encode(picture(40, 30))];
  const actions = new Float32Array(2 * 6 * 4);
  // The second goes to the right, where the goal is.
  for (let step = 0; step < 6; step++) actions[(6 + step) * 4] = 0.03;
  const asked = { latent, state: new Float32Array(7), actions, count: 2, goal };
  const energies = await service.score(asked);
  assert.equal(energies.length, 12);
  assert.ok(energies[11]! < energies[5]!, energies.join(" "));
  const kept = energies.slice();
  await service.score({ ...asked, goal: latent });
  assert.deepEqual(energies, kept, "the answer is the caller's");
  assert.deepEqual(await worker.score(asked), energies);
  await assert.rejects(worker.score({ ...asked, count: 3 }), /actions has 48 values, the model takes 72/);
  await service.close();
  await worker.close();
});

test("at the goal the start energy is 0", async () => {
  const service = await inThread();
  const goal = await service.encode(picture(10, 30));
  assert.ok((await service.plan(request(goal))).startEnergy < 1e-9);
  await service.close();
});

/** One look at few sequences: not enough to find the way. */
const GLANCE: PlannerConfig = { kind: "icem", options: { candidates: 16, iterations: 1, elites: 4, objective: { kind: "final" }, proposals: 0.25 } };

test("the bundle's policy proposes: its way to the goal is among the candidates", async () => {
  const change = { committed: new Float32Array(0) };
  const ends: number[] = [];
  for (const bundle of [BUNDLE, await proposingBundle()]) {
    const service = await inThread(bundle, createPlanner(GLANCE));
    const goal = await service.encode(picture(40, 30));
    const { stepEnergies, actions } = await service.plan(request(goal, change));
    ends.push(stepEnergies.at(-1)!);
    // 30 of 32 pixels of half a picture in 6 steps, at 5 a metre.
    if (bundle !== BUNDLE) for (let h = 0; h < 6; h++) assert.ok(Math.abs(actions[4 * h]! - 30 / 32 / 30) < 1e-6);
    await service.close();
  }
  assert.ok(ends[0]! > 1e-3, `the policy is of no use: ${ends[0]} without it`);
  assert.ok(ends[1]! < 1e-9, `${ends[1]}`);
});

test("the policy is told the scene, the goal and what is committed", async () => {
  const problems: PlanProblem[] = [];
  const spy: Planner = {
    plan: (problem) => {
      problems.push(problem);
      return Promise.reject(new Error("seen"));
    },
    shift: () => undefined,
    reset: () => undefined,
  };
  const [bare, service, model] = [await inThread(BUNDLE, spy), await inThread(await proposingBundle(), spy), await OnnxWorldModel.load(await proposingBundle())];
  const goal = await service.encode(picture(40, 20));
  const asked = request(goal, { state: Float32Array.of(0.4, 0.1, 0.2, 0.08, 0, 0, 0), committed: Float32Array.of(0.01, 0.02, 0.03, 1) });
  await assert.rejects(bare.plan(asked), /seen/);
  await assert.rejects(service.plan(asked), /seen/);
  assert.ok(!("propose" in problems[0]!));
  const noise = Float32Array.from({ length: 48 }, (_, i) => i / 24 - 1);
  const proposed = (await problems[1]!.propose!(noise, 2)).slice();
  assert.deepEqual(proposed, await model.propose!(await model.encode(asked.image), asked.state, goal, asked.committed, noise, 2));
  assert.deepEqual([...proposed.subarray(24, 28)], [...asked.committed]);
  for (const closing of [bare, service, model]) await closing.close();
});

test("a deadline that has passed is answered, with nothing scored", async () => {
  const service = await inThread();
  const goal = await service.encode(picture(40, 30));
  const result = await service.plan(request(goal, { deadlineMs: 0 }));
  assert.equal(result.candidates, 0);
  assert.ok(Number.isNaN(result.startEnergy));
  await service.close();
});

test("calls may overlap; they are answered in order, and a failure hurts nobody else", async () => {
  const service = await inThread();
  const goal = await service.encode(picture(40, 30));
  const bad = service.plan(request(new Float32Array(3)));
  const good = service.plan(request(goal));
  service.reset(3);
  const encoded = service.encode(picture(20, 20));
  await assert.rejects(bad, /goal has 3 values/);
  assert.ok((await good).candidates > 0);
  assert.equal((await encoded).length, 8);
  await service.close();
});

test("the worker plans what the thread plans, number for number", async () => {
  const bundleDirectory = await proposingBundle();
  for (const [local, worker] of [
    [await inThread(), await inWorker()],
    [await inThread(bundleDirectory, createPlanner(GLANCE)), await inWorker({ bundleDirectory, planner: GLANCE })],
  ] as const) {
    assert.deepEqual(worker.model, local.model);
    const goal = await local.encode(picture(40, 30));
    assert.deepEqual(await worker.encode(picture(40, 30)), goal);
    for (const service of [local, worker]) service.reset(5);
    for (const shift of [0, 1]) {
      const [a, b] = [await local.plan(request(goal, { shift })), await worker.plan(request(goal, { shift }))];
      assert.deepEqual(b.actions, a.actions);
      assert.deepEqual(b.stepEnergies, a.stepEnergies);
      assert.equal(b.startEnergy, a.startEnergy);
      assert.deepEqual(b.latent, a.latent);
    }
    await local.close();
    await worker.close();
  }
});

test("more pictures than slots, of growing sizes, come through whole", async () => {
  const [local, worker] = [await inThread(), await inWorker()];
  const pictures = [8, 20, 30, 40, 50].map((x, i) => picture(x, 10, 64 + 16 * i));
  const latents = await Promise.all(pictures.map((image) => worker.encode(image)));
  for (const [i, latent] of latents.entries()) assert.deepEqual(latent, await local.encode(pictures[i]!));
  await local.close();
  await worker.close();
});

test("a failure in the worker rejects and leaves it alive", async () => {
  const worker = await inWorker();
  await assert.rejects(worker.plan(request(new Float32Array(3))), /goal has 3 values/);
  assert.equal((await worker.encode(picture(20, 20))).length, 8);
  await worker.close();
  await assert.rejects(worker.encode(picture(20, 20)), /closed/);
});

test("a bundle that cannot be loaded is an error at the start", async () => {
  await assert.rejects(inWorker({ bundleDirectory: "no-such-bundle" }), /no-such-bundle/);
});

test("with an inference server the worker plans what the thread plans here; without it, it says so, stays alive and goes on", async () => {
  const server = await InferenceServer.start(BUNDLE);
  const [local, worker] = [await inThread(), await inWorker({ inference: { server: server.address, timeoutMs: 5000 } })];
  assert.deepEqual(worker.model, local.model);
  const goal = await local.encode(picture(40, 30));
  for (const service of [local, worker]) service.reset(5);
  const [a, b] = [await local.plan(request(goal)), await worker.plan(request(goal))];
  assert.deepEqual(b.actions, a.actions);
  assert.deepEqual(b.stepEnergies, a.stepEnergies);
  server.stop();
  for (const asked of [worker.plan(request(goal)), worker.encode(picture(20, 20))]) {
    await assert.rejects(asked, (error: unknown) => error instanceof ModelUnavailable && /^the inference server grpc:\S+ cannot be reached/.test(error.message));
  }
  await server.listen();
  const endMs = performance.now() + 20_000;
  for (;;) {
    const plan = await worker.plan(request(goal)).catch((error: unknown) => error);
    if (!(plan instanceof ModelUnavailable) || performance.now() > endMs) {
      assert.ok(plan !== undefined && !(plan instanceof Error), String(plan));
      break;
    }
    await sleep(50);
  }
  for (const closing of [local, worker, server]) await closing.close();
});

/** A worker module of a few lines, as a data URL: dies on pictures 13 wide, never answers pictures 14 wide. */
function unreliableWorker(): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    let seed = 0;
    parentPort.on("message", (request) => {
      if (request.kind === "reset") { seed = request.seed; return; }
      if (request.picture.width === 13) throw new Error("an unlucky number");
      if (request.picture.width === 14) return;
      parentPort.postMessage({ kind: "encoded", id: request.id, latent: Float32Array.from([seed]) });
    });
    parentPort.postMessage({ kind: "ready", model: { latentDim: 1, stateDim: 1, actionDim: 1, horizon: 2 } });
  `)}`);
}

function sized(width: number): RgbImage {
  return { width, height: 1, data: new Uint8Array(width * 3) };
}

test("a worker that dies rejects what was asked, is replaced with its seed, and not for ever", async () => {
  const crashes: string[] = [];
  const worker = await inWorker({ workerUrl: unreliableWorker(), maxRestarts: 2, onCrash: (sentence) => crashes.push(sentence) });
  worker.reset(42);
  assert.deepEqual([...await worker.encode(sized(1))], [42]);
  for (let i = 0; i < 2; i++) {
    const bystander = worker.encode(sized(14));
    await Promise.all([assert.rejects(worker.encode(sized(13)), /unlucky number/), assert.rejects(bystander, /worker ended/)]);
    assert.deepEqual([...await worker.encode(sized(1))], [42]);
  }
  await assert.rejects(worker.encode(sized(13)), /unlucky number/);
  await assert.rejects(worker.encode(sized(1)), /unlucky number/);
  assert.equal(crashes.length, 3);
  await worker.close();
});

test("a plan that never comes is given up and the worker replaced", async () => {
  const worker = await inWorker({ workerUrl: unreliableWorker(), hangGraceMs: 20 });
  const plan = worker.plan(request(new Float32Array(1), { image: sized(14), deadlineMs: 10 }));
  await assert.rejects(plan, /did not answer a plan with a deadline of 10 ms/);
  assert.equal((await worker.encode(sized(1))).length, 1);
  await worker.close();
});

test("the worker's answer is timed where it is read, and the ways there and back are in the deadline", async () => {
  // Answers with when it was to be done, and says that the answer was sent 40 ms before it was.
  const workerUrl = new URL(`data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (request) => {
      const sentMs = Number(process.hrtime.bigint()) / 1e6 - 40;
      parentPort.postMessage({ kind: "planned", id: request.id, sentMs, result: { dueMs: request.dueMs, encodeMs: 1, planMs: 2 } });
    });
    parentPort.postMessage({ kind: "ready", model: { latentDim: 1, stateDim: 1, actionDim: 1, horizon: 2 } });
  `)}`);
  const worker = await inWorker({ workerUrl });
  const before = monotonicMs();
  const due = async (deadlineMs: number): Promise<{ dueMs: number; answerMs: number }> =>
    await worker.plan(request(new Float32Array(1), { image: sized(1), deadlineMs })) as unknown as { dueMs: number; answerMs: number };
  const first = await due(10_000);
  assert.ok(first.dueMs >= before + 10_000, "nothing is known yet of the way back");
  assert.ok(first.answerMs > 0 && first.answerMs < 10_000);
  const second = await due(10_000);
  assert.ok(second.dueMs <= monotonicMs() + 10_000 - 40);
  const hurried = await due(10);
  assert.ok(hurried.dueMs >= before + 7.5, "most of the deadline is left for the plan, whatever the way back took");
  assert.equal((await due(Infinity)).dueMs, Infinity);
  await worker.close();
});

test("the time that a question took to the worker is gone from its deadline", async () => {
  const { port1, port2 } = new MessageChannel();
  const service = new ToyPlanning(1);
  const answers: unknown[] = [];
  await new Promise<void>((resolve) => {
    port2.on("message", (reply: { kind: string }) => {
      if (reply.kind === "planned") answers.push(reply);
      if (answers.length === 2) resolve();
    });
    servePlanning(port1, service);
    const picture = { buffer: new SharedArrayBuffer(3), width: 1, height: 1 };
    const asked = { state: new Float32Array(1), committed: new Float32Array(0), goal: new Float32Array(1), shift: 0, explorationScale: 1 };
    port2.postMessage({ kind: "plan", id: 0, picture, request: asked, dueMs: monotonicMs() - 25 });
    port2.postMessage({ kind: "plan", id: 1, picture, request: asked, dueMs: monotonicMs() + 60_000 });
  });
  port1.close();
  const [late, early] = service.requests.map(({ deadlineMs }) => deadlineMs);
  assert.ok(late! <= -25);
  assert.ok(early! > 0 && early! <= 60_000);
});

test("a nice value that is refused is said, and planned without", async () => {
  const warnings: string[] = [];
  // 20 is beyond the last, so it is refused to everybody.
  const worker = await inWorker({ placement: { niceness: 20 }, onWarning: (sentence) => warnings.push(sentence) });
  assert.match(warnings[0] ?? "", /nice 20 was refused/);
  assert.equal((await worker.encode(picture(10, 30))).length, 8);
  await worker.close();
  const nicer = await inWorker({ placement: { niceness: 19 }, onWarning: (sentence) => warnings.push(sentence) });
  assert.equal(warnings.length, 1);
  await nicer.close();
});

test("a worker closed with questions open rejects them", async () => {
  const worker = await inWorker({ workerUrl: unreliableWorker() });
  const open = worker.encode(sized(14));
  await worker.encode(sized(1));
  await Promise.all([assert.rejects(open, /it was closed/), worker.close()]);
});
