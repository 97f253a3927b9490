import { defineCommand } from "./command.js";
import { MEMORY_OPTION } from "./find-episode.js";
import list from "./memory-list.js";
import pin from "./memory-pin.js";
import prune from "./memory-prune.js";
import recover from "./memory-recover.js";
import reindex from "./memory-reindex.js";
import remove from "./memory-remove.js";
import show from "./memory-show.js";

import type { CommandModule } from "yargs";

export const MEMORY_COMMANDS: readonly CommandModule[] = [list, show, pin, remove, prune, recover, reindex];

export default defineCommand({
  command: "memory",
  describe: "Recorded episodes: list, show, pin, remove, prune, recover, reindex",
  builder: (yargs) =>
    yargs
      .option("memory", MEMORY_OPTION)
      .command([...MEMORY_COMMANDS])
      .demandCommand(1, "say what to do: list, show, pin, remove, prune, recover or reindex"),
  handler: () => undefined,
});
