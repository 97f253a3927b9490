/**
 * The planning worker: loads the bundle into a model session of its own and answers encode and plan requests.
 * An error while loading ends the worker; whoever started it sees the error.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createTerms } from "../objective/index.js";
import { OnnxWorldModel } from "../world-model/index.js";
import { InThreadPlanningService } from "./in-thread-planning-service.js";
import { createPlanner } from "./planner-config.js";
import { servePlanning } from "./serve-planning.js";
import type { WorkerSetup } from "./worker-messages.js";

if (parentPort === null) throw new Error("The planning worker has to run in a worker thread.");
const { bundleDirectory, planner, threads, terms } = workerData as WorkerSetup;
const model = await OnnxWorldModel.load(bundleDirectory, threads === undefined ? {} : { threads });
const { low, high } = model.manifest.action;
servePlanning(parentPort, new InThreadPlanningService({
  model,
  planner: createPlanner(planner),
  bounds: { low: Float32Array.from(low), high: Float32Array.from(high) },
  ...(terms === undefined ? {} : { terms: await createTerms(terms) }),
}));
