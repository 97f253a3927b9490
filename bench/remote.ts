/**
 * What an inference server costs against this machine's own runtime, in one run:
 *
 *     node dist/bench/remote.js --server grpc://127.0.0.1:8081 [--bundle models/arm-objects-jepa] [--repeats 100]
 *
 * Both are asked in turn, so that whatever else the machine does falls on both; ratios are of medians.
 */
import { loadavg } from "node:os";

import { createPlanner, withBundleSearch } from "../src/control/planner-config.js";
import { InThreadPlanningService } from "../src/control/in-thread-planning-service.js";
import { OnnxWorldModel } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";
import { median, quantile } from "./statistics.js";

const options = benchOptions("remote")
  .option("server", { type: "string", demandOption: true, describe: "grpc://host:port" })
  .option("bundle", { type: "string", default: "models/arm-objects-jepa", describe: "bundle folder" })
  .option("repeats", { type: "number", default: 100, describe: "of each measurement" })
  .parseSync();
const { repeats } = options;
if (!Number.isInteger(repeats) || repeats < 1) throw new Error(`--repeats is ${repeats}: must be a whole number above 0`);

const models = {
  here: await OnnxWorldModel.load(options.bundle), server: await OnnxWorldModel.load(options.bundle, { inference: { server: options.server, allowPlainText: true } }),
};
const { manifest, imageWidth: width, imageHeight: height, horizon, actionDim, latentDim } = models.here;
const image = { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251) };
const MIDDLE: Readonly<Record<string, number>> = { ee_x: 0.5, ee_z: 0.2, gripper_opening: 0.08 };
const state = Float32Array.from(manifest.state.names, (name) => MIDDLE[name] ?? 0);
const goal = new Float32Array(latentDim).fill(0.3);
const count = manifest.planning?.candidates ?? 128;
const actions = Float32Array.from({ length: count * horizon * actionDim }, (_, i) => 0.02 * Math.sin(i));
const latent = await models.here.encode(image);
const bounds = { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) };
const services = Object.fromEntries(Object.entries(models).map(([name, model]) =>
  [name, new InThreadPlanningService({ model, bounds, planner: createPlanner(withBundleSearch({ kind: "icem" }, manifest)) })])) as Record<keyof typeof models, InThreadPlanningService>;

const WORK: Readonly<Record<string, (where: keyof typeof models) => Promise<unknown>>> = {
  "encode a picture": (where) => models[where].encode(image),
  [`roll out ${count} candidates`]: (where) => models[where].score(latent, state, actions, count, goal),
  "a plan": (where) => services[where].plan({ image, state, committed: new Float32Array(actionDim), goal, deadlineMs: Infinity, shift: 0, explorationScale: 1 }),
};

console.log(`${options.bundle} here and at ${options.server}, ${repeats} times each, load ${loadavg()[0]!.toFixed(1)}`);
for (const [name, work] of Object.entries(WORK)) {
  const times: Record<keyof typeof models, number[]> = { here: [], server: [] };
  for (let i = -5; i < repeats; i++) {
    for (const where of ["here", "server"] as const) {
      const begin = performance.now();
      await work(where);
      if (i >= 0) times[where].push(performance.now() - begin);
    }
  }
  const shown = ({ here, server }: typeof times, of: (values: readonly number[]) => number): string => `${of(here).toFixed(1)} and ${of(server).toFixed(1)} ms`;
  console.log(`${name}: median ${shown(times, median)} (${(median(times.server) / median(times.here)).toFixed(2)} times), 99 % ${shown(times, (values) => quantile(values, 0.99))}`);
}
for (const service of Object.values(services)) await service.close();
