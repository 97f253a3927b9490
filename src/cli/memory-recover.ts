import { defineCommand } from "./command.js";
import { MEMORY_OPTION } from "./find-episode.js";
import { openMemory } from "./open-memory.js";
import { print } from "./print.js";

export default defineCommand({
  command: "recover",
  describe: "Finish the episodes that were being written when their process was killed; every start of the controller does it, too",
  builder: (yargs) =>
    yargs
      .option("memory", MEMORY_OPTION)
      .example("$0 memory recover", ""),
  handler: async (args) => {
    const [{ recoverEpisodes }, { memoryDir }] = await Promise.all([import("../memory/recover-episodes.js"), import("../memory/memory-dir.js")]);
    const dir = memoryDir(args.memory);
    const { recovered, empty, problems } = await recoverEpisodes(dir);
    if (recovered.length > 0) await openMemory(dir);
    for (const id of recovered) print(`${id} recovered`);
    for (const id of empty) print(`${id} had no step and was deleted`);
    for (const problem of problems) process.stderr.write(`memory: ${problem}\n`);
    if (recovered.length + empty.length + problems.length === 0) print(`nothing to recover in ${dir}`);
    if (problems.length > 0) throw new Error(`${problems.length} episodes in ${dir} cannot be recovered; they stay as they are`);
  },
});
