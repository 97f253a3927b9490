import calibrate from "./surprise-calibrate.js";
import { defineCommand } from "./command.js";

import type { CommandModule } from "yargs";

export const SURPRISE_COMMANDS: readonly CommandModule[] = [calibrate];

export default defineCommand({
  command: "surprise",
  describe: "Stops on surprise: calibrate",
  builder: (yargs) =>
    yargs
      .command([...SURPRISE_COMMANDS])
      .demandCommand(1, "say what to do: calibrate"),
  handler: () => undefined,
});
