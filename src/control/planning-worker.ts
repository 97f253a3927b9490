/**
 * The planning worker: loads the bundle into a model session of its own and answers encode and plan requests.
 * An error while loading ends the worker; whoever started it sees the error.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createTerms } from "../objective/index.js";
import { FrameTurn } from "../robot/frame-turn.js";
import { oneLine } from "../text/one-line.js";
import { graphSha256, OnnxWorldModel } from "../world-model/index.js";
import { IndexedPlans } from "./indexed-plans.js";
import { InThreadPlanningService } from "./in-thread-planning-service.js";
import { createPlanner } from "./planner-config.js";
import { servePlanning } from "./serve-planning.js";
import { placeThisThread } from "./thread-placement.js";
import type { WorkerSetup } from "./worker-messages.js";

if (parentPort === null) throw new Error("The planning worker has to run in a worker thread.");
const { bundleDirectory, planner, running, inference, placement, terms, turn, memoryDir } = workerData as WorkerSetup;
// Before the session: its threads run where this one does.
const warnings = placement === undefined ? [] : [placeThisThread(placement)].filter((warning) => warning !== undefined);
const model = await OnnxWorldModel.load(bundleDirectory, { ...running, inference });
const { action, state, files } = model.manifest;
const bounds = { low: Float32Array.from(action.low), high: Float32Array.from(action.high) };
// Whoever plans can do without a memory.
const memory = memoryDir === undefined ? undefined : await IndexedPlans.open({
  dir: memoryDir, rolloutSha256: graphSha256(files["rollout.onnx"]), latentDim: model.latentDim, horizon: model.horizon, bounds,
}).catch((error: unknown) => { warnings.push(`plans are not remembered: ${oneLine(error)}`); return undefined; });
servePlanning(parentPort, new InThreadPlanningService({
  model,
  planner: createPlanner(planner),
  bounds,
  ...(memory === undefined ? {} : { memory }),
  ...(terms === undefined ? {} : { terms: await createTerms(terms) }),
  ...(turn === undefined ? {} : { turn: { actions: new FrameTurn(action.names, turn), states: new FrameTurn(state.names, turn) } }),
}), warnings.length === 0 ? undefined : warnings.join("; "));
