import yargs, { type Argv } from "yargs";
import { hideBin } from "yargs/helpers";

import { oneLine } from "../src/text/one-line.js";

/**
 * The command line of a bench. What it cannot take ends it with one line and exit code 2; whatever goes wrong later, with one line and exit code 1.
 *
 * @param name of the bench, for those lines.
 */
export function benchOptions(name: string): Argv {
  const end = (sentence: string, code: number): never => {
    process.stderr.write(`${name}: ${sentence}\n`);
    process.exit(code);
  };
  process.on("uncaughtException", (error) => { end(oneLine(error), 1); });
  return yargs(hideBin(process.argv)).strict()
    .check((given) => {
      for (const [option, value] of Object.entries(given)) {
        if (typeof value === "number" && Number.isNaN(value)) throw new Error(`--${option} is ${typed(option)}: must be a number`);
      }
      return true;
    })
    .fail((sentence: string | null, error: Error | undefined) => end(oneLine(sentence ?? error), 2));
}

/** What stands behind an option, which yargs has made a number of. */
function typed(option: string): string {
  const at = process.argv.findIndex((word) => word === `--${option}` || word.startsWith(`--${option}=`));
  const word = process.argv[at] ?? "";
  return JSON.stringify(word.includes("=") ? word.slice(word.indexOf("=") + 1) : process.argv[at + 1] ?? "");
}
