import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { print } from "./print.js";

import type { SequenceStep } from "../goals/sequence-store.js";

export default defineCommand({
  command: "add <name> <goals>",
  describe: "Keep goals as a sequence, in their order",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the sequence" })
      .positional("goals", { type: "string", demandOption: true, describe: "Names of goals between commas; :ENERGY behind one is the energy below which it counts as reached" })
      .option("replace", { type: "boolean", default: false, describe: "Take the place of a sequence of this name" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal sequence add tidy-up above-cup,grasped:0.2,above-box,in-box", "grasped has a tolerance of its own"),
  handler: async (args) => {
    const steps = args.goals.split(",").map(parseStep);
    const library = await openLibrary(args.goalsDir);
    const sequence = await library.sequences.add(args.name, steps, { replace: args.replace });
    print(`sequence ${sequence.name}: ${sequence.steps.map(stepText).join(", ")}`);
  },
});

/** As it is typed, and shown: "grasped:0.2". */
export function stepText({ goal, tolerance }: SequenceStep): string {
  return tolerance === undefined ? goal : `${goal}:${tolerance}`;
}

/** @throws UsageError when what stands behind the colon is no energy. */
function parseStep(text: string): SequenceStep {
  const colon = text.indexOf(":");
  return colon < 0 ? { goal: text } : { goal: text.slice(0, colon), tolerance: parseNumber(`tolerance of ${text.slice(0, colon)}`, text.slice(colon + 1), { min: 1e-12, max: 1e9 }) };
}
