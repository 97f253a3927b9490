import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber, parseNumbers } from "./numbers.js";
import { GOALS_DIR_OPTION, openLibrary } from "./open-library.js";
import { demoUrdf, openModel, readyState, restActions } from "./open-model.js";
import { latentOf, readPictureArgument } from "./picture-argument.js";
import { print, printJson, shortNumber, table } from "./print.js";
import { PROJECT_ROOT } from "./project.js";

import type { OfflinePlan } from "./plan-offline.js";
import type { Manifest } from "../world-model/index.js";

export default defineCommand({
  command: "plan",
  describe: "Plan once from a picture to a goal picture, without ROS, and print the actions",
  builder: (yargs) =>
    yargs
      .option("start", { type: "string", requiresArg: true, demandOption: true, describe: "Picture of the scene now (or a goal's name)" })
      .option("goal", { type: "string", requiresArg: true, demandOption: true, describe: "Goal: a goal's name or a picture file" })
      .option("bundle", BUNDLE_OPTION)
      .option("state", {
        type: "string", requiresArg: true,
        describe: "Proprioception in the bundle's order and units, between commas: x,y,z,opening,vx,vy,vz [default: the demo arm at rest in its ready pose]",
      })
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "Seed of the search" })
      .option("candidates", { type: "string", requiresArg: true, default: "64", describe: "Sequences scored in the first iteration" })
      .option("iterations", { type: "string", requiresArg: true, default: "5", describe: "Iterations of the search" })
      .option("json", { type: "string", requiresArg: true, describe: "Write everything as JSON to this file, or to the output with -" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw the energy over the horizon into this file" })
      .option("goals-dir", GOALS_DIR_OPTION)
      .example("$0 plan --start now.png --goal cup-left", "")
      .example("$0 plan --start now.png --goal cup.png --state=0.5,0,0.2,0.08,0,0,0 --png plan.png", "with = before a negative number"),
  handler: async (args) => {
    const seed = parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true });
    const candidates = parseNumber("--candidates", args.candidates, { min: 20, max: 65536, whole: true });
    const iterations = parseNumber("--iterations", args.iterations, { min: 1, max: 1000, whole: true });
    const library = await openLibrary(args.goalsDir);
    const start = await readPictureArgument(args.start, library);
    const goal = await readPictureArgument(args.goal, library);
    const open = await openModel(args.bundle);
    const { model } = open;
    const { manifest } = model;
    try {
      const given = args.state === undefined ? undefined : parseNumbers("--state", args.state, manifest.state.names);
      const state = given ?? (await readyState(model, demoUrdf(PROJECT_ROOT)));
      if (state === undefined) {
        throw new Error(`bundle ${manifest.name} is not for the demo arm: give --state ${manifest.state.names.join(",")}`);
      }
      const { planOffline } = await import("./plan-offline.js");
      const rest = await restActions(model, state);
      const found = await planOffline(model, {
        start: await latentOf(start, library, open), goal: await latentOf(goal, library, open), state, rest, seed, candidates, iterations,
      });
      const report = reportOf(found, manifest, { start: start.label, goal: goal.label, seed, state });
      if (args.json === "-") {
        printJson(report);
      } else {
        print(...lines(found, manifest, { start: start.label, goal: goal.label, seed, state, given: given !== undefined }));
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
}

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
      ["search", `${plan.iterations} iterations, ${plan.candidates} candidates, ${solveMs.toFixed(0)} ms`],
    ]),
    "",
    ...table([header, ...rows], header.map(() => "right" as const)),
  ];
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
  };
}
