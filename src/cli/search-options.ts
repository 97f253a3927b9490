import { parseNumber } from "./numbers.js";
import { UsageError } from "./usage-error.js";

import type { PlannerConfig } from "../control/planner-config.js";

/** How large a search is; in the words of the help, what it is where the bundle says nothing. */
interface SearchSize<T> {
  readonly candidates: T;
  readonly iterations: T;
  readonly elites: T;
}

/** Of a plan without a clock, whatever the optimiser, for a bundle that says nothing about its search. */
export const OFFLINE_SEARCH: SearchSize<number> = { candidates: 64, iterations: 5, elites: 10 };

const sized = (otherwise: SearchSize<number | string>) => ({
  candidates: { type: "string", requiresArg: true, describe: `Sequences scored in the first iteration [default: the bundle's, or ${otherwise.candidates}]` },
  iterations: { type: "string", requiresArg: true, describe: `Iterations a plan [default: the bundle's, or ${otherwise.iterations}]` },
  elites: { type: "string", requiresArg: true, describe: `Sequences that the distribution is refitted to [default: the bundle's, or ${otherwise.elites}]` },
}) as const;

/** Of commands that plan: which optimiser, how large. What is left out is as the bundle says, or the optimiser's own. */
export const SEARCH_OPTIONS = {
  method: { choices: ["icem", "cem", "mppi"], default: "icem", describe: "Optimiser" },
  // Written out, so that a look at the help loads no planner.
  ...sized({ candidates: "64 (cem: 256)", iterations: "5", elites: "10 (cem: 26, mppi: 16)" }),
  temperature: { type: "string", requiresArg: true, describe: "With mppi: share of the elites' range of energies at which a weight has fallen to 1/e [default: 0.25]" },
  refine: { type: "string", requiresArg: true, describe: "Populations of the refinement round the best sequence [default: the bundle's, or 0]" },
  agreement: { type: "string", requiresArg: true, describe: "The iterations end when the elites' energies differ by less than this share, 0 to 1 [default: 0, never]" },
} as const;

/** The same of a plan without a clock. */
export const OFFLINE_SEARCH_OPTIONS = { ...SEARCH_OPTIONS, ...sized(OFFLINE_SEARCH) } as const;

/** What yargs makes of SEARCH_OPTIONS. */
export interface SearchArguments {
  readonly method: "icem" | "cem" | "mppi";
  readonly candidates?: string | undefined;
  readonly iterations?: string | undefined;
  readonly elites?: string | undefined;
  readonly temperature?: string | undefined;
  readonly refine?: string | undefined;
  readonly agreement?: string | undefined;
}

/** The search that was asked for. @throws UsageError */
export function parseSearch(args: SearchArguments): PlannerConfig {
  const whole = (name: string, text: string | undefined, min: number, max: number): number | undefined =>
    text === undefined ? undefined : parseNumber(`--${name}`, text, { min, max, whole: true });
  const candidates = whole("candidates", args.candidates, 4, 65536);
  const iterations = whole("iterations", args.iterations, 1, 1000);
  const elites = whole("elites", args.elites, 2, 8192);
  const refine = whole("refine", args.refine, 0, 1000);
  const agreement = args.agreement === undefined ? undefined : parseNumber("--agreement", args.agreement, { min: 0, max: 0.99 });
  const options = {
    ...(candidates === undefined ? {} : { candidates }),
    ...(iterations === undefined ? {} : { iterations }),
    ...(elites === undefined ? {} : { elites }),
    ...(agreement === undefined ? {} : { agreement }),
    ...(refine === undefined ? {} : { refinement: { iterations: refine } }),
  };
  if (args.method === "mppi") {
    return { kind: "mppi", options: { ...options, ...(args.temperature === undefined ? {} : { temperature: parseNumber("--temperature", args.temperature, { min: 0.001, max: 1000 }) }) } };
  }
  if (args.temperature !== undefined) throw new UsageError(`--temperature is for --method mppi, not ${args.method}`);
  return { kind: args.method, options };
}
