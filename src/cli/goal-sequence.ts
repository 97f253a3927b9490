import add from "./goal-sequence-add.js";
import list from "./goal-sequence-list.js";
import remove from "./goal-sequence-remove.js";
import show from "./goal-sequence-show.js";
import { defineCommand } from "./command.js";

import type { CommandModule } from "yargs";

export const SEQUENCE_COMMANDS: readonly CommandModule[] = [add, list, show, remove];

export default defineCommand({
  command: "sequence",
  describe: "Keep goals as sequences of sub-goals: add, list, show, remove",
  builder: (yargs) =>
    yargs
      .command([...SEQUENCE_COMMANDS])
      .demandCommand(1, "say what to do: add, list, show or remove"),
  handler: () => undefined,
});
