import { defineCommand } from "./command.js";
import { EPISODE_ARGUMENT, MEMORY_OPTION } from "./find-episode.js";
import { endedEpisode } from "./open-memory.js";
import { print } from "./print.js";

export default defineCommand({
  command: "pin <episode>",
  describe: "Never delete an episode to make room for new ones",
  builder: (yargs) =>
    yargs
      .positional("episode", EPISODE_ARGUMENT)
      .option("off", { type: "boolean", default: false, describe: "It may be deleted again" })
      .option("memory", MEMORY_OPTION)
      .example("$0 memory pin last", ""),
  handler: async (args) => {
    const [{ pinEpisode, unpinEpisode }, { memoryDir }] = await Promise.all([import("../memory/episode-files.js"), import("../memory/memory-dir.js")]);
    const id = await endedEpisode(args.episode, args.memory);
    (args.off ? unpinEpisode : pinEpisode)(memoryDir(args.memory), id);
    print(`episode ${id} ${args.off ? "may be deleted again" : "is kept"}`);
  },
});
