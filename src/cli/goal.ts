import add from "./goal-add.js";
import capture from "./goal-capture.js";
import compare from "./goal-compare.js";
import encode from "./goal-encode.js";
import list from "./goal-list.js";
import remove from "./goal-remove.js";
import send from "./goal-send.js";
import show from "./goal-show.js";
import { defineCommand } from "./command.js";
import { GOALS_DIR_OPTION } from "./open-library.js";

import type { CommandModule } from "yargs";

export const GOAL_COMMANDS: readonly CommandModule[] = [capture, add, list, show, remove, encode, compare, send];

export default defineCommand({
  command: "goal",
  describe: "Keep goal pictures: capture, add, list, show, remove, encode, compare, send",
  builder: (yargs) =>
    yargs
      .option("goals-dir", GOALS_DIR_OPTION)
      .command([...GOAL_COMMANDS])
      .demandCommand(1, "say what to do: capture, add, list, show, remove, encode, compare or send"),
  handler: () => undefined,
});
