/**
 * How often the stops on surprise are right: `node dist/bench/surprise.js --bundle models/NAME [--episodes 100] [--seeds 700000] [--json FILE] [--update-docs]`, and
 * `--merge FILE FILE` to make one table of several such files instead of running anything.
 *
 * Each episode runs in closed loop with the stops on: an alarm in it is a false one. From a random period on, shadows of the same monitor see the same
 * world through disturbed pictures: a covered lens, a hand, a moved camera. What they find and how soon is the detection; the arm's way is that of the
 * undisturbed controller, which in a real disturbance would be wrong by the delay that is measured. Goal pictures are looked at before anything moves.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";

import { RayCastCamera } from "../sim/camera.js";
import { type CameraPose, DEFAULT_CAMERA, viewAxes } from "../sim/camera-pose.js";
import { drawEnvironment, evaluationRoomSeed, PLAIN_ENVIRONMENT } from "../sim/environments/index.js";
import { Random } from "../sim/random.js";
import type { TaskName } from "../sim/tasks.js";
import { PROJECT_ROOT } from "../src/cli/project.js";
import { surpriseReference } from "../src/control/surprise-reference.js";
import { updateMarkedTable } from "../src/evaluation/results-table.js";
import { SurpriseEpisodes } from "../src/evaluation/surprise-episodes.js";
import { wilsonInterval } from "../src/evaluation/statistics.js";
import { SurpriseMonitor, type SurpriseObservation } from "../src/surprise/index.js";
import { quantile } from "./statistics.js";
import { black, blurred, fingerOnLens, handInView, type Picture } from "./surprise-disturbances.js";

const TASKS: readonly TaskName[] = ["reach", "grasp", "reach-with-object", "pick-and-place"];
/** Pictures after its beginning in which a disturbance must be found. */
const PATIENCE = 10;

const options = yargs(hideBin(process.argv))
  .option("bundle", { type: "string", demandOption: true, describe: "bundle folder, calibrated" })
  .option("episodes", { type: "number", default: 100, describe: "normal episodes" })
  .option("seeds", { type: "number", default: 700_000, describe: "seed of the first" })
  .option("disturbed", { type: "number", describe: "so many of them, the first ones, are looked at through disturbances [default: all]" })
  .option("merge", { type: "string", array: true, describe: "files of --json, instead of running anything" })
  .option("json", { type: "string", describe: "write the counts to this file" })
  .option("update-docs", { type: "boolean", default: false, describe: "put the tables into docs/surprise.md" })
  .strict().parseSync();

/** What was counted. */
interface Counts {
  alpha: number;
  episodes: number;
  seeds: [first: number, last: number];
  pictures: number;
  successes: number;
  alarms: { seed: number; detector: string; success: boolean }[];
  /** By disturbance; `k` pictures until it was found. */
  disturbances: Record<string, { trials: number; found: { k: number; detector: string }[] }>;
  goals: Record<string, { refused: number; trials: number }>;
}

/** One kind of disturbance: what the picture of the same moment looks like. @param k pictures since it began. */
type Disturbance = (random: Random) => (picture: Picture, k: number) => Picture;

/** The same monitor, looking at disturbed pictures. */
interface Shadow {
  readonly name: string;
  readonly show: (picture: Picture, k: number) => Picture;
  readonly monitor: SurpriseMonitor;
  before: { readonly latent: Float32Array; readonly state: Float32Array } | undefined;
  found: { readonly k: number; readonly detector: string } | undefined;
}

const DEGREE = Math.PI / 180;

const counts = options.merge === undefined ? await measure(options.bundle) : merged(await Promise.all(options.merge.map(async (file) => JSON.parse(await readFile(file, "utf8")) as Counts)));
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(counts, null, 1)}\n`);
const lines = tables(counts);
process.stdout.write(`${lines.join("\n")}\n`);
if (options.updateDocs) await updateMarkedTable(join(PROJECT_ROOT, "docs", "surprise.md"), lines.join("\n"));

function merged(parts: readonly Counts[]): Counts {
  const [first, ...rest] = parts;
  const sum = structuredClone(first!);
  for (const part of rest) {
    sum.episodes += part.episodes;
    sum.seeds = [Math.min(sum.seeds[0], part.seeds[0]), Math.max(sum.seeds[1], part.seeds[1])];
    sum.pictures += part.pictures;
    sum.successes += part.successes;
    sum.alarms.push(...part.alarms);
    for (const [name, { trials, found }] of Object.entries(part.disturbances)) {
      sum.disturbances[name]!.trials += trials;
      sum.disturbances[name]!.found.push(...found);
    }
    for (const [name, { trials, refused }] of Object.entries(part.goals)) {
      sum.goals[name]!.trials += trials;
      sum.goals[name]!.refused += refused;
    }
  }
  return sum;
}

async function measure(bundle: string): Promise<Counts> {
  const simulator = await SurpriseEpisodes.create(bundle);
  const { model, world, camera } = simulator;
  const reference = surpriseReference(model.manifest);
  if (reference === undefined || model.encodeWithFeatures === undefined || model.predict === undefined) {
    process.stderr.write("surprise: the bundle has no thresholds of surprise, or no graphs to score them: jepa-mpc surprise calibrate makes them\n");
    process.exit(1);
  }

  function movedCamera(distanceM: number, angleRad: number): Disturbance {
    return (random) => {
      const other = new RayCastCamera(world, { width: camera.width, height: camera.height, pose: movedPose(random, distanceM, angleRad) });
      return () => other.rgb();
    };
  }

  const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
    "lens covered, black": () => black,
    "lens covered by a finger": (random) => fingerOnLens(random),
    "lens smeared (blur of 4 pixels)": () => (picture) => blurred(picture, 4),
    "hand in view, 2 % of the picture": (random) => handInView(random, 0.02),
    "hand in view, 5 %": (random) => handInView(random, 0.05),
    "hand in view, 10 %": (random) => handInView(random, 0.1),
    "hand in view, 20 %": (random) => handInView(random, 0.2),
    "camera moved, 2 cm and 2°": movedCamera(0.02, 2 * DEGREE),
    "camera moved, 5 cm and 5°": movedCamera(0.05, 5 * DEGREE),
    "camera moved, 10 cm and 10°": movedCamera(0.1, 10 * DEGREE),
    "picture frozen, with new stamps": () => {
      let first: Picture | undefined;
      return (picture) => first ??= picture;
    },
  };

  const counts: Counts = {
    alpha: model.manifest.surprise!.alpha, episodes: 0, seeds: [options.seeds, options.seeds], pictures: 0, successes: 0, alarms: [],
    disturbances: Object.fromEntries(Object.keys(DISTURBANCES).map((name) => [name, { trials: 0, found: [] }])), goals: {},
  };
  for (let i = 0; i < options.episodes; i++) {
    const seed = options.seeds + i;
    const task = TASKS[i % TASKS.length]!;
    const random = new Random(seed);
    const begins = 2 + random.below(5);
    const monitor = new SurpriseMonitor(reference);
    const shadows: Shadow[] = [];
    let alarm: string | undefined;
    let last: SurpriseObservation | undefined;
    let goal: Float32Array | undefined;
    /** Executed between the last picture and this one. */
    let executed: Float32Array | undefined;
    let result;
    try {
      result = await simulator.run({
        task, seed, surprise: monitor,
        onPlan: async ({ image, state, committed, shift, goal: wanted }, { latent, observed, startEnergy }, period) => {
          counts.pictures++;
          if (period === begins && i < (options.disturbed ?? options.episodes)) {
            for (const [name, make] of Object.entries(DISTURBANCES)) {
              const shadow: Shadow = { name, show: make(random), monitor: new SurpriseMonitor(reference), before: last, found: undefined };
              // It saw the pictures before as they were.
              if (last !== undefined) shadow.monitor.judge(last, -2);
              shadows.push(shadow);
            }
          }
          if (goal !== wanted) for (const { monitor: each } of shadows) each.restart();
          goal = wanted;
          const k = period - begins;
          if (k >= 0 && k < PATIENCE) for (const shadow of shadows) await look(shadow, { image, state, goal: wanted, shift }, k, executed);
          executed = committed;
          last = { latent, ...observed!, energy: startEnergy };
        },
        enough: ({ holdReason }) => {
          if (alarm === undefined && (holdReason === "prediction_surprise" || holdReason === "unfamiliar_scene" || holdReason === "energy_rising")) {
            alarm = Object.entries(monitor.shares).sort(([, a], [, b]) => b - a)[0]![0];
          }
          return false;
        },
      });
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("unlike those of training"))) throw error;
      // Nothing else was wrong with it: it counts as one that would have gone well.
      counts.successes++;
      counts.alarms.push({ seed, detector: "goal", success: true });
    }
    const success = result?.success === true;
    if (success) counts.successes++;
    if (alarm !== undefined) counts.alarms.push({ seed, detector: alarm, success });
    for (const shadow of shadows) {
      const { found } = shadow;
      const disturbance = counts.disturbances[shadow.name]!;
      disturbance.trials++;
      if (found !== undefined) disturbance.found.push(found);
    }
    if (i < (options.disturbed ?? options.episodes)) await lookAtGoals(seed, task, random);
    // An interrupted run is not lost.
    counts.episodes = i + 1;
    counts.seeds = [options.seeds, seed];
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(counts, null, 1)}\n`);
    process.stderr.write(`\r${i + 1}/${options.episodes} episodes, ${counts.alarms.length} with an alarm `);
  }
  process.stderr.write("\n");

  await simulator.close();
  return counts;

  /** What a shadow makes of this moment; a picture that was found once is done with. */
  async function look(
    shadow: Shadow, { image, state, goal: wanted, shift }: { image: Picture; state: Float32Array; goal: Float32Array; shift: number }, k: number, action: Float32Array | undefined,
  ): Promise<void> {
    if (shadow.found !== undefined) return;
    const picture = shadow.show(image, k);
    const { latent, features } = await model.encodeWithFeatures!(picture);
    const { before } = shadow;
    const predicted = shift === 1 && before !== undefined && action !== undefined ? await model.predict!(before.latent, before.state, action.subarray(0, model.actionDim)) : undefined;
    shadow.before = { latent, state };
    const { startEnergy } = await model.score(latent, state, new Float32Array(model.horizon * model.actionDim), 1, wanted);
    const unlikeness = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0) / features.length);
    const verdict = shadow.monitor.judge({ latent, state, unlikeness, energy: startEnergy, ...(predicted === undefined ? {} : { predicted }) }, k);
    if (verdict.alarm) shadow.found = { k: k + 1, detector: verdict.detector };
  }

  /** Goal pictures from elsewhere, and from here. */
  async function lookAtGoals(seed: number, task: TaskName, random: Random): Promise<void> {
    const judge = async (kind: string, picture: Picture): Promise<void> => {
      const { features } = await model.encodeWithFeatures!(picture);
      const unlikeness = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0) / features.length);
      const count = counts.goals[kind] ??= { refused: 0, trials: 0 };
      count.trials++;
      if (new SurpriseMonitor(reference!).refuseGoal("goal", unlikeness) !== undefined) count.refused++;
    };
    const at = (): Picture => simulator.goals(task, seed).at(-1)!.image;
    const own = at();
    await judge("of this scene (false refusals)", own);
    await judge("another room", simulator.goals(task, seed, drawEnvironment("unseen", evaluationRoomSeed(seed))).at(-1)!.image);
    await judge("a room as the encoder was trained in, but not this one", simulator.goals(task, seed, drawEnvironment("seen", evaluationRoomSeed(seed))).at(-1)!.image);
    await judge("this room, camera moved by 5 cm and 5°", simulator.goals(task, seed, { ...PLAIN_ENVIRONMENT, camera: movedPose(random, 0.05, 5 * DEGREE) }).at(-1)!.image);
    await judge("lens covered, black", black(own));
    await judge("noise", { ...own, data: own.data.map(() => random.below(256)) });
  }
}

function movedPose(random: Random, distanceM: number, angleRad: number): CameraPose {
  const { position, fovY } = DEFAULT_CAMERA;
  const [x, y, z] = [random.normal(), random.normal(), random.normal()];
  const scale = distanceM / Math.hypot(x, y, z);
  const at: [number, number, number] = [position[0] + scale * x, position[1] + scale * y, position[2] + scale * z];
  const { forward, right, down } = viewAxes(DEFAULT_CAMERA);
  const side = random.uniform(0, 2 * Math.PI);
  const ahead = (axis: 0 | 1 | 2): number => at[axis] + forward[axis] + Math.tan(angleRad) * (Math.cos(side) * right[axis] + Math.sin(side) * down[axis]);
  return { position: at, lookAt: [ahead(0), ahead(1), ahead(2)], fovY };
}

function tables({ alpha, episodes, seeds, pictures, successes, alarms, disturbances, goals }: Counts): string[] {
  const share = (count: number, of: number): string => {
    if (of === 0) return "- | -";
    const [low, high] = wilsonInterval(count, of);
    return `${(100 * count / of).toFixed(1)} % (${count} of ${of}) | ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;
  };
  const by = (detectors: readonly string[]): string => {
    const counts = new Map<string, number>();
    for (const detector of detectors) counts.set(detector, (counts.get(detector) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a).map(([detector, count]) => `${detector} ${count}`).join(", ") || "-";
  };
  return [
    `${episodes} episodes (${TASKS.join(", ")} in turn; seeds ${seeds[0]} to ${seeds[1]}), ${pictures} pictures.`,
    "",
    "| undisturbed episodes | with an alarm | 95 % Wilson interval | by |",
    "|---|---|---|---|",
    `| that went well, stated | at most ${(100 * alpha).toFixed(0)} % | | |`,
    ...([["that went well, measured", true, successes], ["that failed", false, episodes - successes]] as const).map(([name, well, of]) => {
      const those = alarms.filter(({ success }) => success === well);
      return `| ${name} | ${share(those.length, of)} | ${by(those.map(({ detector }) => detector))} |`;
    }),
    "",
    `| disturbance | found within ${PATIENCE} pictures | 95 % Wilson interval | pictures until then, median / 90 % | by |`,
    "|---|---|---|---|---|",
    ...Object.entries(disturbances).map(([name, { trials, found }]) => {
      const delays = found.map(({ k }) => k);
      return `| ${name} | ${share(found.length, trials)} | ${found.length === 0 ? "-" : `${quantile(delays, 0.5).toFixed(0)} / ${quantile(delays, 0.9).toFixed(0)}`} | ${by(found.map(({ detector }) => detector))} |`;
    }),
    "",
    "| goal picture | refused | 95 % Wilson interval |",
    "|---|---|---|",
    ...Object.entries(goals).map(([kind, { refused, trials }]) => `| ${kind} | ${share(refused, trials)} |`),
  ];
}
