import { defineCommand } from "./command.js";
import { EPISODE_ARGUMENT, MEMORY_OPTION } from "./find-episode.js";
import { endedEpisode, openMemory } from "./open-memory.js";
import { print } from "./print.js";

export default defineCommand({
  command: "remove <episode>",
  describe: "Delete an episode, also one that is pinned",
  builder: (yargs) =>
    yargs
      .positional("episode", EPISODE_ARGUMENT)
      .option("memory", MEMORY_OPTION)
      .example("$0 memory remove 20261123T044012.345Z-1a2b3c", ""),
  handler: async (args) => {
    const [{ removeEpisode }, { memoryDir }] = await Promise.all([import("../memory/episode-files.js"), import("../memory/memory-dir.js")]);
    const id = await endedEpisode(args.episode, args.memory);
    removeEpisode(memoryDir(args.memory), id);
    await openMemory(args.memory);
    print(`episode ${id} deleted`);
  },
});
