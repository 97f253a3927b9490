import { defineCommand } from "./command.js";
import { MEMORY_OPTION } from "./find-episode.js";
import { print } from "./print.js";

export default defineCommand({
  command: "reindex",
  describe: "Make the index anew from the episodes' files",
  builder: (yargs) =>
    yargs
      .option("memory", MEMORY_OPTION)
      .example("$0 memory reindex", "after files were copied by hand it is not needed: what is new is found by itself"),
  handler: async (args) => {
    const [{ MemoryIndex }, { memoryDir }] = await Promise.all([import("../memory/memory-index.js"), import("../memory/memory-dir.js")]);
    const dir = memoryDir(args.memory);
    const { added, problems } = await (await MemoryIndex.open(dir)).rebuild();
    print(`${added} episodes in the index of ${dir}`);
    for (const problem of problems) process.stderr.write(`memory: ${problem}\n`);
    if (problems.length > 0) throw new Error(`${problems.length} files in ${dir} cannot be read and are not in the index`);
  },
});
