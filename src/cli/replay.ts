import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { EPISODE_ARGUMENT, findEpisode, MEMORY_OPTION } from "./find-episode.js";
import { parseNumber } from "./numbers.js";
import { print, printJson } from "./print.js";
import { writeReport } from "./report.js";
import { parseSearch, SEARCH_OPTIONS } from "./search-options.js";

import type { Episode } from "../memory/episode.js";
import type { Replay } from "../report/replay-episode.js";
import type { ReplaySummary } from "../report/replay-summary.js";

export default defineCommand({
  command: "replay <episode>",
  describe: "Plan a recorded episode again, with another bundle or planner, and compare",
  builder: (yargs) =>
    yargs
      .positional("episode", EPISODE_ARGUMENT)
      .option("bundle", BUNDLE_OPTION)
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "Seed of the search" })
      .options(SEARCH_OPTIONS)
      .option("memory", MEMORY_OPTION)
      .option("json", { type: "boolean", default: false, describe: "Print all steps as JSON" })
      .option("html", { type: "string", requiresArg: true, describe: "Write the episode's report with the replay into this file" })
      .example("$0 replay last", "the same again: is it the model that drove?")
      .example("$0 replay last --bundle my-bundle --html compared.html", "")
      .example("$0 replay last --method mppi --iterations 8", ""),
  handler: async (args) => {
    const seed = parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true });
    const search = parseSearch(args);
    const file = await findEpisode(args.episode, args.memory);
    const { readEpisode } = await import("../memory/read-episode.js");
    const episode = await readEpisode(file);
    if (episode.steps.length === 0) throw new Error(`${file} has no steps: there is nothing to plan again`);
    const { openModel } = await import("./open-model.js");
    const { replayEpisode } = await import("../report/replay-episode.js");
    const { summarizeReplay } = await import("../report/replay-summary.js");
    const { replaySentences } = await import("../report/episode-report.js");
    const { model } = await openModel(args.bundle);
    try {
      const replay = await replayEpisode(episode, { model, manifest: model.manifest, search, seed });
      const summary = summarizeReplay(episode, replay);
      if (args.json) printJson(asJson(episode, replay, summary));
      else print(`${episode.header.id}: ${episode.steps.length} steps for ${episode.header.goal}, ${episode.outcome.kind}`, ...replaySentences(episode, replay, summary));
      if (args.html !== undefined) await writeReport(args.html, episode, { replay });
    } finally {
      await model.close();
    }
  },
});

function asJson({ header }: Episode, { steps, ...replay }: Replay, summary: ReplaySummary): object {
  return {
    episode: header.id, goal: header.goal, recorded_bundle: header.bundle.name, bundle: replay.bundle, same_encoder: replay.sameEncoder, same_rollout: replay.sameRollout,
    method: replay.method, action_names: header.actionNames, action_units: replay.actionUnits,
    latent_distance: summary.latentDistance, same_latents: summary.sameLatents, start_energy_difference: summary.startEnergyDifference,
    recorded_end_energy: summary.recordedEndEnergy, end_energy: summary.endEnergy, better: summary.better, compared: summary.compared,
    action_difference: summary.actionDifference, recorded_plan_ms: summary.recordedPlanMs, plan_ms: summary.planMs,
    steps: steps.map((step) => ({
      step: step.index, latent_distance: step.latentDistance, start_energy: step.startEnergy, recorded_end_energy: step.recordedEndEnergy, end_energy: step.endEnergy,
      action_difference: step.actionDifference === undefined ? undefined : Array.from(step.actionDifference), plan_ms: step.planMs, candidates: step.candidates,
    })),
  };
}
