import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { INFERENCE_OPTIONS, inferenceOf } from "./inference-options.js";
import { energyLandscape, parseAxes } from "./landscape.js";
import { parseNumber, parseNumbers } from "./numbers.js";
import { GOALS_DIR_OPTION, openLibrary } from "./open-library.js";
import { demoUrdf, openModel, readyState, restActions } from "./open-model.js";
import { latentOf, readPictureArgument } from "./picture-argument.js";
import { PROVIDER_OPTION } from "./provider-option.js";
import { print, printJson, shortNumber, table } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { OFFLINE_SEARCH_OPTIONS, parseSearch } from "./search-options.js";
import { UsageError } from "./usage-error.js";

import type { Landscape } from "./landscape.js";
import type { OfflinePlan } from "./plan-offline.js";
import type { Manifest } from "../world-model/index.js";

/** Points along an axis of the landscape: 2 mm apart for actions of up to 4 cm either way. */
const LANDSCAPE_POINTS = 41;

export default defineCommand({
  command: "plan",
  describe: "Plan once from a picture to a goal picture, without ROS, and print the actions",
  builder: (yargs) =>
    yargs
      .option("start", { type: "string", requiresArg: true, demandOption: true, describe: "Picture of the scene now (or a goal's name)" })
      .option("goal", { type: "string", requiresArg: true, demandOption: true, describe: "Goal: a goal's name or a picture file" })
      .option("bundle", BUNDLE_OPTION)
      .option("execution-provider", PROVIDER_OPTION)
      .option("state", {
        type: "string", requiresArg: true,
        describe: "Proprioception in the bundle's order and units, between commas: x,y,z,opening,vx,vy,vz [default: the demo arm at rest in its ready pose]",
      })
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "Seed of the search" })
      .options(OFFLINE_SEARCH_OPTIONS)
      .option("json", { type: "string", requiresArg: true, describe: "Write everything as JSON to this file, or to the output with -" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw the energy over the horizon into this file" })
      .option("landscape", { type: "string", requiresArg: true, describe: `Draw the energy over two action dimensions into this file: ${LANDSCAPE_POINTS} x ${LANDSCAPE_POINTS} points, the other dimensions as planned` })
      .option("landscape-axes", { type: "string", requiresArg: true, describe: "Those two dimensions, between commas: dx,dz [default: the first two]" })
      .option("landscape-steps", { type: "string", requiresArg: true, describe: "Steps for which their values are held; the energy is that after them. 1 draws one step, as the V-JEPA 2 paper does [default: the whole horizon]" })
      .option("goals-dir", GOALS_DIR_OPTION)
      .options(INFERENCE_OPTIONS)
      .example("$0 plan --start now.png --goal cup-left", "")
      .example("$0 plan --start now.png --goal cup.png --state=0.5,0,0.2,0.08,0,0,0 --png plan.png", "with = before a negative number")
      .example("$0 plan --start now.png --goal cup.png --landscape landscape.png --landscape-axes dx,dz", ""),
  handler: async (args) => {
    const seed = parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true });
    const search = parseSearch(args);
    for (const [option, value] of [["--landscape-axes", args.landscapeAxes], ["--landscape-steps", args.landscapeSteps]] as const) {
      if (value !== undefined && args.landscape === undefined) {
        throw new UsageError(`${option} needs --landscape FILE`);
      }
    }
    const library = await openLibrary(args.goalsDir);
    const start = await readPictureArgument(args.start, library);
    const goal = await readPictureArgument(args.goal, library);
    const open = await openModel(args.bundle, { inference: inferenceOf(args), ...(args.executionProvider === undefined ? {} : { provider: args.executionProvider }) });
    const { model } = open;
    const { manifest } = model;
    try {
      const given = args.state === undefined ? undefined : parseNumbers("--state", args.state, manifest.state.names);
      const state = given ?? (await readyState(model, demoUrdf(PROJECT_ROOT)));
      if (state === undefined) {
        throw new Error(`bundle ${manifest.name} is not for the demo arm: give --state ${manifest.state.names.join(",")}`);
      }
      const view = args.landscape === undefined ? undefined : {
        axes: parseAxes("--landscape-axes", args.landscapeAxes, manifest.action.names),
        steps: args.landscapeSteps === undefined ? model.horizon
          : parseNumber("--landscape-steps", args.landscapeSteps, { min: 1, max: model.horizon, whole: true }),
      };
      const { planOffline } = await import("./plan-offline.js");
      const rest = await restActions(model, state);
      const [startLatent, goalLatent] = [await latentOf(start, library, open), await latentOf(goal, library, open)];
      const found = await planOffline(model, { start: startLatent, goal: goalLatent, state, rest, seed, search });
      const landscape = view === undefined ? undefined : {
        ...view,
        ...(await energyLandscape({
          ...view, horizon: model.horizon, low: manifest.action.low, high: manifest.action.high, plan: found.plan.actions, count: LANDSCAPE_POINTS,
          score: async (actions, count) => (await model.score(startLatent, state, actions, count, goalLatent)).stepEnergies,
        })),
      };
      const context = { start: start.label, goal: goal.label, seed, state, ...(landscape === undefined ? {} : { landscape }) };
      const report = reportOf(found, manifest, context);
      if (args.json === "-") {
        printJson(report);
      } else {
        print(...lines(found, manifest, { ...context, given: given !== undefined }));
      }
      if (args.json !== undefined && args.json !== "-") {
        const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
        await writeFileAtomically(args.json, `${JSON.stringify(report, null, 2)}\n`);
      }
      if (args.png !== undefined) {
        const { writeEnergyPlot } = await import("../plots/chart.js");
        await writeEnergyPlot(args.png, {
          title: "Energy along the plan",
          subtitle: `from ${start.label} to ${goal.label}; bundle ${manifest.name}, seed ${seed}; shaded: the elites of the last iteration`,
          startEnergy: found.startEnergy, stepEnergies: found.plan.stepEnergies, spread: found.spread,
          others: [{ name: "no movement", stepEnergies: found.restEnergies }],
          reachedBelow: manifest.energy.reached_below, periodS: manifest.action.period_s,
        });
      }
      if (args.landscape !== undefined && landscape !== undefined) {
        await drawLandscape(args.landscape, landscape, manifest, context);
      }
    } finally {
      await model.close();
    }
  },
});

interface Context {
  readonly start: string;
  readonly goal: string;
  readonly seed: number;
  readonly state: Float32Array;
  readonly landscape?: HeldLandscape;
}

/** A landscape and what was varied in it. */
type HeldLandscape = Landscape & { readonly axes: readonly [number, number]; readonly steps: number };

function lines(found: OfflinePlan, manifest: Manifest, context: Context & { readonly given: boolean }): string[] {
  const { plan, startEnergy, restEnergies, solveMs } = found;
  const { action, energy } = manifest;
  const horizon = plan.stepEnergies.length;
  const end = plan.stepEnergies[horizon - 1]!;
  const header = ["step", "time (s)", ...action.names.map((name, a) => `${name}${action.units[a] === "1" ? "" : ` (${action.units[a]!})`}`), "energy"];
  const rows = Array.from({ length: horizon }, (_, h) => [
    String(h + 1),
    ((h + 1) * action.period_s).toFixed(2),
    ...action.names.map((_name, a) => plan.actions[h * action.names.length + a]!.toFixed(4)),
    shortNumber(plan.stepEnergies[h]!),
  ]);
  return [
    ...table([
      ["plan", `from ${context.start} to ${context.goal}, bundle ${manifest.name}, seed ${context.seed}`],
      ["state", `${Array.from(context.state, shortNumber).join(", ")}${context.given ? "" : " (demo arm at rest in its ready pose; give --state for another)"}`],
      ["energy", `${shortNumber(startEnergy)} now, ${shortNumber(end)} after ${horizon} steps (${shortNumber(horizon * action.period_s)} s), ` +
        `${shortNumber(restEnergies[horizon - 1]!)} without movement`],
      ["reached", startEnergy < energy.reached_below
        ? `already: ${shortNumber(startEnergy)} is below ${shortNumber(energy.reached_below)}`
        : `${end < energy.reached_below ? "by the end of the plan" : "not within this plan"} (below ${shortNumber(energy.reached_below)} counts)`],
      ...(context.landscape === undefined ? [] : [["landscape", landscapeLine(context.landscape, manifest)]]),
      ["search", `${plan.iterations} iterations, ${plan.candidates} candidates, ${solveMs.toFixed(0)} ms`],
    ]),
    "",
    ...table([header, ...rows], header.map(() => "right" as const)),
  ];
}

function landscapeLine({ axes, steps, lowest, planFirst, planMean }: HeldLandscape, { action }: Manifest): string {
  const at = (point: { readonly x: number; readonly y: number }): string => [point.x, point.y].map((value, k) =>
    `${action.names[axes[k]!]!} ${value.toFixed(4)}${action.units[axes[k]!] === "1" ? "" : ` ${action.units[axes[k]!]!}`}`).join(", ");
  return `lowest ${shortNumber(lowest.energy)} at ${at(lowest)}, ${held(steps)}; the plan: ` +
    (steps === 1 ? at(planFirst) : `first ${at(planFirst)}, on average ${at(planMean)}`);
}

function held(steps: number): string {
  return steps === 1 ? "after one step" : `held for ${steps} steps`;
}

async function drawLandscape(file: string, landscape: HeldLandscape, manifest: Manifest, context: Context): Promise<void> {
  const { axes, steps, lowest, planFirst, planMean } = landscape;
  const { names, units } = manifest.action;
  const [x, y] = axes.map((a) => names[a]!) as [string, string];
  const others = names.filter((_, a) => !axes.includes(a));
  const { writeLandscapePlot } = await import("../plots/chart.js");
  await writeLandscapePlot(file, {
    title: `Energy over ${x} and ${y}, ${held(steps)}`,
    subtitle: `from ${context.start} to ${context.goal}; bundle ${manifest.name}, seed ${context.seed}` +
      (others.length === 0 ? "" : `; ${others.join(", ")} as in the plan`),
    x: { name: x, unit: units[axes[0]]!, values: landscape.x },
    y: { name: y, unit: units[axes[1]]!, values: landscape.y },
    energies: landscape.energies,
    markers: [
      { name: "lowest energy", x: lowest.x, y: lowest.y },
      { name: "plan's first action", ...planFirst },
      ...(steps === 1 ? [] : [{ name: `plan's mean of ${steps}`, ...planMean }]),
    ],
  });
}

function reportOf(found: OfflinePlan, manifest: Manifest, context: Context): object {
  const { plan, startEnergy, restEnergies, spread, solveMs } = found;
  const width = manifest.action.names.length;
  return {
    start: context.start, goal: context.goal, bundle: manifest.name, seed: context.seed,
    state: Object.fromEntries(manifest.state.names.map((name, i) => [name, context.state[i]])),
    period_s: manifest.action.period_s,
    action_names: manifest.action.names, action_units: manifest.action.units,
    actions: Array.from({ length: plan.stepEnergies.length }, (_, h) => Array.from(plan.actions.subarray(h * width, (h + 1) * width))),
    start_energy: startEnergy, step_energies: Array.from(plan.stepEnergies), no_movement_energies: Array.from(restEnergies),
    elites_low: Array.from(spread.low), elites_high: Array.from(spread.high),
    objective: plan.energy, reached_below: manifest.energy.reached_below,
    iterations: plan.iterations, candidates: plan.candidates, solve_ms: solveMs,
    ...(context.landscape === undefined ? {} : { landscape: landscapeReport(context.landscape, manifest) }),
  };
}

function landscapeReport(landscape: HeldLandscape, { action }: Manifest): object {
  const { axes, steps, x, y, energies, lowest, planFirst, planMean } = landscape;
  return {
    axes: axes.map((a) => action.names[a]), units: axes.map((a) => action.units[a]), steps,
    x: Array.from(x), y: Array.from(y),
    // A row for each y, lowest first. What is not a number becomes null, as JSON has none.
    energies: Array.from(y, (_, j) => Array.from(energies.subarray(j * x.length, (j + 1) * x.length))),
    lowest, plan_first: planFirst, plan_mean: planMean,
  };
}
