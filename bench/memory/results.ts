import { readFile } from "node:fs/promises";
import { z } from "zod";

const episode = z.strictObject({ success: z.boolean(), steps: z.int(), distanceM: z.number(), planMs: z.array(z.number()), ended: z.string() });
const named = { name: z.string(), task: z.string() };
/** One-step errors of the tool's predicted place, m: as the model says, and as it is corrected. */
const errors = z.strictObject({ modelM: z.array(z.number()), correctedM: z.array(z.number()) });

const schema = z.strictObject({
  changed: z.array(z.strictObject({ ...named, adapted: z.boolean(), lives: z.int(), restarts: z.int(), episodes: z.array(episode), errors, learned: z.array(z.string()) })),
  repeats: z.array(z.strictObject({ ...named, memory: z.boolean(), episodes: z.array(episode), firstEnergies: z.array(z.number()), lookUpMs: z.array(z.number()), remembered: z.array(z.int()) })),
});

export type MemoryResults = z.infer<typeof schema>;
export type EpisodeResult = z.infer<typeof episode>;

/** @throws Error with one line when a file has no results of this benchmark. */
export async function readResults(file: string): Promise<MemoryResults> {
  const parsed = schema.safeParse(JSON.parse(await readFile(file, "utf8")));
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}: give files of --json`);
  return parsed.data;
}

export function merged(all: readonly MemoryResults[]): MemoryResults {
  return { changed: all.flatMap(({ changed }) => changed), repeats: all.flatMap(({ repeats }) => repeats) };
}
