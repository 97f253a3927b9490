import add from "./goal-add.js";
import chain from "./goal-chain.js";
import capture from "./goal-capture.js";
import check from "./goal-check.js";
import compare from "./goal-compare.js";
import encode from "./goal-encode.js";
import importing from "./goal-import.js";
import list from "./goal-list.js";
import nearest from "./goal-nearest.js";
import remove from "./goal-remove.js";
import send from "./goal-send.js";
import sequence from "./goal-sequence.js";
import show from "./goal-show.js";
import { defineCommand } from "./command.js";
import { GOALS_DIR_OPTION } from "./open-library.js";

import type { CommandModule } from "yargs";

export const GOAL_COMMANDS: readonly CommandModule[] = [capture, add, importing, list, show, remove, sequence, encode, compare, nearest, check, chain, send];

export default defineCommand({
  command: "goal",
  describe: "Keep goal pictures and sequences of them: capture, add, import, list, show, remove, sequence, encode, compare, nearest, check, chain, send",
  builder: (yargs) =>
    yargs
      .option("goals-dir", GOALS_DIR_OPTION)
      .command([...GOAL_COMMANDS])
      .demandCommand(1, "say what to do: capture, add, import, list, show, remove, sequence, encode, compare, nearest, check, chain or send"),
  handler: () => undefined,
});
