/**
 * How well `jepa-mpc calibrate` finds a turned camera, and what it is worth, in the simulator with a real bundle:
 * `node dist/bench/calibration.js --bundle models/… [--turns=-90,…,90] [--scenes 10] [--episodes 30]`. For each turn the calibration in some scenes; then reach
 * episodes without one and with that of the first scene, which is what a user has. `--json FILE` keeps every trial.
 */
import { writeFile } from "node:fs/promises";
import { TurnRefused } from "../src/calibration/index.js";
import { findBundleDir } from "../src/cli/bundle-dir.js";
import { withBundleSearch } from "../src/control/planner-config.js";
import { cellOf } from "../src/evaluation/cell.js";
import { calibrateSimulated, SIMULATED_PIVOT_M } from "../src/evaluation/calibrate-simulated.js";
import { evaluate } from "../src/evaluation/evaluate.js";
import { median, quantile, wilsonInterval } from "../src/evaluation/statistics.js";
import type { Turn } from "../src/robot/frame-turn.js";
import { readManifest } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";

const options = benchOptions("calibration")
  .option("bundle", { type: "string" })
  .option("turns", { type: "string", default: "-90,-60,-30,0,30,60,90", describe: "degrees" })
  .option("scenes", { type: "number", default: 10, describe: "calibrations a turn" })
  .option("episodes", { type: "number", default: 0, describe: "reach episodes a turn, without and with the calibration" })
  .option("seed", { type: "number", default: 10_000, describe: "seed of the first scene and episode" })
  .option("moves", { type: "number", default: 10 })
  .option("radius", { type: "number", default: 0.1, describe: "m" })
  .option("within", { type: "number", default: 3, describe: "an error of less than this counts as good, degrees" })
  .option("workers", { type: "number", default: 1, describe: "episodes at once" })
  .option("json", { type: "string" })
  .parseSync();

const DEGREES = 180 / Math.PI;
const SUCCESSES = ["without", "calibrated"] as const;

interface Trial {
  readonly turn_deg: number;
  readonly seed: number;
  readonly error_deg?: number;
  readonly standard_error_deg?: number;
  readonly scale?: number;
  readonly residual?: number;
  readonly refused?: string;
}

interface Reached {
  readonly turn_deg: number;
  readonly kind: (typeof SUCCESSES)[number];
  readonly successes: number;
  readonly episodes: number;
}

const bundleDirectory = findBundleDir(options.bundle);
const manifest = await readManifest(bundleDirectory);
const trials: Trial[] = [];
const reached: Reached[] = [];
const say = (line: string): void => { process.stdout.write(`${line}\n`); };
say("| turn | calibrations within the limit | error, median / most | standard error | scale | not explained | reach without | reach calibrated |");
say("|---|---|---|---|---|---|---|---|");
for (const turn of options.turns.split(",").map(Number)) {
  const mine: Trial[] = [];
  let first: Turn | undefined;
  for (let seed = options.seed; seed < options.seed + options.scenes; seed++) {
    const { trial, found } = await calibrate(turn, seed);
    mine.push(trial);
    first ??= found;
  }
  trials.push(...mine);
  const mineReached: Reached[] = [];
  if (options.episodes > 0) {
    mineReached.push(await reach(turn, "without", undefined));
    if (first !== undefined) mineReached.push(await reach(turn, "calibrated", first));
  }
  reached.push(...mineReached);
  say(row(`${turn}`, mine, mineReached));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ trials, reached }, null, 1)}\n`);
}
say(row("all", trials, reached));

async function calibrate(turnDeg: number, seed: number): Promise<{ trial: Trial; found?: Turn }> {
  const about = { turn_deg: turnDeg, seed };
  try {
    const { fit } = await calibrateSimulated({ bundleDirectory, cameraTurnRad: turnDeg / DEGREES, seed, moves: options.moves, radiusM: options.radius });
    const error = fit.angleRad - turnDeg / DEGREES;
    return {
      found: { angleRad: fit.angleRad, pivotM: SIMULATED_PIVOT_M },
      trial: { ...about, error_deg: DEGREES * Math.atan2(Math.sin(error), Math.cos(error)), standard_error_deg: DEGREES * fit.angleErrorRad, scale: fit.scale, residual: fit.residual },
    };
  } catch (error) {
    if (!(error instanceof TurnRefused)) throw error;
    return { trial: { ...about, refused: error.message } };
  }
}

async function reach(turnDeg: number, kind: Reached["kind"], modelTurn: Turn | undefined): Promise<Reached> {
  let successes = 0;
  const planner = withBundleSearch({ kind: "icem", options: {} }, manifest);
  await evaluate({
    bundleDirectory, planner, oracle: { planner, horizon: 4 }, explorationFloor: manifest.planning?.exploration_floor ?? 0.1,
    workers: options.workers, jobs: Array.from({ length: options.episodes }, (_, i) => ({ cell: cellOf("reach", "cube", "plain", "jepa"), seed: options.seed + i })),
    cameraTurnRad: turnDeg / DEGREES, ...(modelTurn === undefined ? {} : { modelTurn }),
    onEpisode: ({ record }) => { if (record.success) successes++; },
  });
  return { turn_deg: turnDeg, kind, successes, episodes: options.episodes };
}

function row(turn: string, of: readonly Trial[], got: readonly Reached[]): string {
  const made = of.filter((one) => one.error_deg !== undefined);
  const errors = made.map((one) => Math.abs(one.error_deg!));
  const refused = of.length - made.length;
  const middle = (pick: (one: Trial) => number | undefined, digits: number): string => (made.length === 0 ? "-" : median(made.map((one) => pick(one)!)).toFixed(digits));
  return `| ${[
    turn,
    `${share(errors.filter((error) => error < options.within).length, of.length)}${refused === 0 ? "" : `; ${refused} refused`}`,
    errors.length === 0 ? "-" : `${median(errors).toFixed(1)} / ${quantile(errors, 1).toFixed(1)}`,
    middle((one) => one.standard_error_deg, 1), middle((one) => one.scale, 2), middle((one) => one.residual, 2),
    ...SUCCESSES.map((kind) => {
      const all = got.filter((one) => one.kind === kind);
      return all.length === 0 ? "-" : share(all.reduce((sum, { successes }) => sum + successes, 0), all.reduce((sum, { episodes }) => sum + episodes, 0));
    }),
  ].join(" | ")} |`;
}

function share(good: number, of: number): string {
  const [low, high] = wilsonInterval(good, of);
  return `${good} of ${of} (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %)`;
}
