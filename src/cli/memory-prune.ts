import { defineCommand } from "./command.js";
import { MEMORY_OPTION } from "./find-episode.js";
import { parseNumber } from "./numbers.js";
import { openMemory, sizeText } from "./open-memory.js";
import { print } from "./print.js";

export default defineCommand({
  command: "prune",
  describe: "Delete the oldest episodes until the rest fits; pinned ones stay",
  builder: (yargs) =>
    yargs
      .option("max-gb", { type: "string", requiresArg: true, demandOption: true, describe: "What the episodes may take, GB (1e9 bytes)" })
      .option("dry-run", { type: "boolean", default: false, describe: "Only say what would go" })
      .option("memory", MEMORY_OPTION)
      .example("$0 memory prune --max-gb 2 --dry-run", ""),
  handler: async (args) => {
    const maxBytes = 1e9 * parseNumber("--max-gb", args.maxGb, { min: 0, max: 1e6 });
    const [{ chooseOldest, makeRoom }, { listEpisodeFiles }, { memoryDir }] = await Promise.all([
      import("../memory/make-room.js"), import("../memory/episode-files.js"), import("../memory/memory-dir.js"),
    ]);
    const dir = memoryDir(args.memory);
    const { go, bytes } = args.dryRun ? chooseOldest(listEpisodeFiles(dir), maxBytes) : makeRoom(dir, maxBytes);
    if (!args.dryRun && go.length > 0) await openMemory(dir);
    for (const { id } of go) print(id);
    print(`${go.length} episodes ${args.dryRun ? "would be" : "were"} deleted; ${sizeText(bytes)} ${args.dryRun ? "would stay" : "stay"} in ${dir}${bytes > maxBytes ? ", all pinned or being written" : ""}`);
  },
});
