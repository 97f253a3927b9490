/**
 * All that is said about speed, measured again:
 *
 *     bin/with-ros node dist/bench/benchmarks.js --docs            # all parts: docs/benchmarks.md and its pictures
 *     node dist/bench/benchmarks.js --only products cost           # some of them, to the screen
 *
 * Parts that need a running graph say so where ROS 2 is not there. Other work on the machine shows in the numbers; each part says how much there was.
 */
import { join } from "node:path";
import { benchOptions } from "./bench-options.js";
import { COST } from "./benchmarks/cost.js";
import { LATENCY } from "./benchmarks/latency.js";
import { MachineWatch } from "./benchmarks/machine.js";
import { PLAN_AGAINST_PRODUCTS } from "./benchmarks/plan-against-products.js";
import { RATE } from "./benchmarks/rate.js";
import { SESSIONS } from "./benchmarks/sessions.js";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { ROOT } from "./faults/rig.js";

const PARTS = [PLAN_AGAINST_PRODUCTS, COST, SESSIONS, LATENCY, RATE] as const;

const { only, docs, bundle, plans } = benchOptions("benchmarks")
  .option("only", { type: "array", string: true, choices: PARTS.map(({ name }) => name), describe: "these parts" })
  .option("docs", { type: "boolean", default: false, describe: "write docs/benchmarks.md and the pictures in docs/images" })
  .option("bundle", { type: "string", default: join(ROOT, "models", "arm-objects-jepa"), describe: "folder of a bundle" })
  .option("plans", { type: "number", default: 200, describe: "plans of each measurement" })
  .parseSync();
if (!Number.isInteger(plans) || plans < 10) {
  process.stderr.write(`benchmarks: --plans is ${plans}: must be a whole number of at least 10\n`);
  process.exit(2);
}

for (const { name, title, run } of PARTS.filter((part) => only === undefined || only.includes(part.name))) {
  const watch = new MachineWatch();
  const images = docs ? { images: join(ROOT, "docs", "images") } : {};
  try {
    const text = `${await run({ bundle, plans, ...images, say: (sentence) => { process.stderr.write(`${name}: ${sentence}\n`); } })}\n\n${new Date().toISOString().slice(0, 10)}, ${watch.describe()}`;
    process.stdout.write(`## ${title}\n\n${text}\n\n`);
    if (docs) await writeBetweenMarkers(join(ROOT, "docs", "benchmarks.md"), name, text);
  } catch (error) {
    process.stderr.write(`benchmarks: ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
// The listener's ROS context keeps threads of its own.
process.exit();
