/**
 * Random commands through the safety pipeline of the demo arm; ends with 1 when anything beyond a limit, or that is no number, came out.
 *
 *     node dist/bench/fuzz.js [--commands 1000000] [--seed 1]
 */
import { readFile } from "node:fs/promises";
import { showProgress } from "../sim/progress.js";
import { fr3Model } from "../src/robot/fr3.js";
import { benchOptions } from "./bench-options.js";
import { fuzzPipeline } from "./fuzz-pipeline.js";

const { commands, seed } = benchOptions("fuzz")
  .option("commands", { type: "number", default: 1_000_000, describe: "random commands" })
  .option("seed", { type: "number", default: 1, describe: "of the random numbers" })
  .parseSync();
if (!(Number.isInteger(commands) && commands > 0 && Number.isInteger(seed))) {
  throw new Error(`--commands ${commands} and --seed ${seed} must be whole numbers, the first above 0`);
}
const robot = await fr3Model(await readFile("urdf/fr3.urdf", "utf8"));
const progress = showProgress("commands", commands);
const started = performance.now();
const result = fuzzPipeline(robot.limits, ({ name }) => name.includes("finger") ? 0 : 0.1, commands, seed, { onProgress: (done) => { progress.update(done); } });
progress.end();
const { largest } = result;
console.log(`${result.commands} commands and ${result.looks} looks (seed ${seed}) in ${((performance.now() - started) / 1000).toFixed(0)} s, ${result.holds} holds, ${result.samples} samples of all joints`);
console.log(`largest share of a limit: velocity ${largest.velocity.toFixed(6)}, acceleration ${largest.acceleration.toFixed(6)}, jerk ${largest.jerk.toFixed(6)}; beyond position bounds ${largest.beyondBounds.toExponential(1)}`);
console.log(`beyond a limit or no number: ${result.violations.length === 0 ? "0" : `at least ${result.violations.length}`}`);
for (const violation of result.violations) console.log(`  ${violation}`);
process.exitCode = result.violations.length === 0 ? 0 : 1;
