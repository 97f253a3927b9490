import { readFile } from "node:fs/promises";
import { z } from "zod";

import { oneLine } from "../../src/text/one-line.js";
import { refusal } from "../../src/text/refusal.js";

const count = z.int().min(0);

const schema = z.strictObject({
  alpha: z.number(),
  episodes: count,
  seeds: z.tuple([z.int(), z.int()]),
  pictures: count,
  successes: count,
  alarms: z.array(z.strictObject({ seed: z.int(), detector: z.string(), success: z.boolean() })),
  /** By disturbance; `k` pictures until it was found. */
  disturbances: z.record(z.string(), z.strictObject({ trials: count, found: z.array(z.strictObject({ k: count, detector: z.string() })) })),
  /** By kind of goal picture. */
  goals: z.record(z.string(), z.strictObject({ refused: count, trials: count })),
});

/** What was counted; `seeds` are the first and the last. */
export type Counts = z.infer<typeof schema>;

/** Reads counts that --json wrote. @throws Error with one line. */
export async function readCounts(file: string): Promise<Counts> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read (${oneLine(error)}): give a file that --json wrote`, { cause: error });
  }
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw new Error(`${file}: ${refusal(error.issues[0]!, value, "the file")}: give a file that --json wrote`);
  return data;
}

/** The counts of several runs as one. @param parts at least one. */
export function merged([first, ...rest]: readonly Counts[]): Counts {
  const sum = structuredClone(first!);
  for (const part of rest) {
    sum.episodes += part.episodes;
    sum.seeds = [Math.min(sum.seeds[0], part.seeds[0]), Math.max(sum.seeds[1], part.seeds[1])];
    sum.pictures += part.pictures;
    sum.successes += part.successes;
    sum.alarms.push(...part.alarms);
    for (const [name, { trials, found }] of Object.entries(part.disturbances)) {
      const all = sum.disturbances[name] ??= { trials: 0, found: [] };
      all.trials += trials;
      all.found.push(...found);
    }
    for (const [name, { trials, refused }] of Object.entries(part.goals)) {
      const all = sum.goals[name] ??= { trials: 0, refused: 0 };
      all.trials += trials;
      all.refused += refused;
    }
  }
  return sum;
}
