import { defineCommand } from "./command.js";
import { MEMORY_OPTION } from "./find-episode.js";
import { parseNumber } from "./numbers.js";
import { openMemory, outcomeText, sizeText } from "./open-memory.js";
import { print, printJson, shortNumber, table } from "./print.js";

export default defineCommand({
  command: "list",
  describe: "List the episodes of the memory, the oldest first",
  builder: (yargs) =>
    yargs
      .option("goal", { type: "string", requiresArg: true, describe: "Only those of this goal" })
      .option("outcome", { choices: ["reached", "held", "stopped", "replaced", "interrupted"] as const, requiresArg: true, describe: "Only those that ended so" })
      .option("bundle", { type: "string", requiresArg: true, describe: "Only those of the bundle of this name" })
      .option("newest", { type: "string", requiresArg: true, describe: "Only the newest so many" })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("memory", MEMORY_OPTION)
      .example("$0 memory list --newest 20", "")
      .example("$0 memory list --goal cup-left --outcome held --json", "for programs"),
  handler: async (args) => {
    const newest = args.newest === undefined ? {} : { newest: parseNumber("--newest", args.newest, { min: 1, max: 1e9, whole: true }) };
    const index = await openMemory(args.memory);
    const { goal, outcome, bundle } = args;
    const episodes = await index.episodes({
      ...(goal === undefined ? {} : { goal }), ...(outcome === undefined ? {} : { outcome }), ...(bundle === undefined ? {} : { bundle }), ...newest,
    });
    if (args.json) {
      printJson({ dir: index.dir, episodes });
      return;
    }
    if (episodes.length === 0) {
      print(`no such episodes in ${index.dir}; they are recorded by jepa-mpc run, and by jepa-mpc eval --memory DIR`);
      return;
    }
    print(...table([
      ["EPISODE", "GOAL", "OUTCOME", "STEPS", "ENERGY", "SIZE", "BUNDLE", ""],
      ...episodes.map((episode) => [
        episode.id, episode.goal, outcomeText(episode), String(episode.steps),
        episode.startEnergy === undefined || episode.endEnergy === undefined ? "" : `${shortNumber(episode.startEnergy)} to ${shortNumber(episode.endEnergy)}`,
        sizeText(episode.bytes), episode.bundle, episode.pinned ? "pinned" : "",
      ]),
    ], ["left", "left", "left", "right", "left", "right"]));
    print(`${episodes.length} episodes, ${sizeText(episodes.reduce((sum, { bytes }) => sum + bytes, 0))} in ${index.dir}`);
  },
});
