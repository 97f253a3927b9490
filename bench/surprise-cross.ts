/**
 * False alarms in runs that thresholds were not made from: `node dist/bench/surprise-cross.js --bundle models/NAME --runs FILE FILE`, the files of
 * `jepa-mpc surprise calibrate --record`. The runs that went well are split into folds; each fold is judged with the thresholds of the others.
 */
import { readFile } from "node:fs/promises";
import { armEntries } from "../src/control/surprise-reference.js";
import { calibrationRun, parseRuns } from "../src/evaluation/recorded-run.js";
import { wilsonInterval } from "../src/evaluation/statistics.js";
import { calibrateSurprise, type CalibrationRun, SurpriseMonitor, type SurpriseReference } from "../src/surprise/index.js";
import { readManifest } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";

const options = benchOptions("surprise-cross")
  .option("bundle", { type: "string", demandOption: true, describe: "bundle folder" })
  .option("runs", { type: "string", array: true, demandOption: true, describe: "recorded runs" })
  .option("folds", { type: "number", default: 5, describe: "parts that are judged in turn" })
  .option("alpha", { type: "number", default: 0.05, describe: "false alarms a run, at most" })
  .parseSync();

const manifest = await readManifest(options.bundle);
const texts = await Promise.all(options.runs.map(async (file) => parseRuns(await readFile(file, "utf8"), file, manifest.latent.shape[0]!, manifest.state.names.length)));
const all = texts.flat();
const [good, bad] = [true, false].map((success) => all.filter((run) => run.success === success).map(calibrationRun)) as [CalibrationRun[], CalibrationRun[]];

/** The first alarm in a run, in open loop: up to it a closed loop is the same. */
function alarm(reference: SurpriseReference, { goals, starts, observations }: CalibrationRun): string | undefined {
  const monitor = new SurpriseMonitor(reference);
  if (goals.some((goal) => monitor.refuseGoal("goal", goal) !== undefined)) return "goal";
  for (const [i, observation] of observations.entries()) {
    if (starts?.includes(i) === true) monitor.restart();
    const verdict = monitor.judge(observation, i);
    if (verdict.alarm) return verdict.detector;
  }
  return undefined;
}

const settings = { alpha: options.alpha, armEntries: armEntries(manifest) };
const folds = Array.from({ length: options.folds }, (_, fold) => {
  const { reference } = calibrateSurprise(good.filter((_, i) => i % options.folds !== fold), settings);
  return good.filter((_, i) => i % options.folds === fold).map((run) => alarm(reference, run));
});
const { reference } = calibrateSurprise(good, settings);
for (const [name, alarms] of [["went well, judged by the others", folds.flat()], ["failed, judged by those that went well", bad.map((run) => alarm(reference, run))]] as const) {
  const raised = alarms.filter((detector) => detector !== undefined);
  const [low, high] = wilsonInterval(raised.length, alarms.length);
  process.stdout.write(`${name}: alarm in ${raised.length} of ${alarms.length} (95 % Wilson interval ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %): ${raised.join(", ")}\n`);
}
