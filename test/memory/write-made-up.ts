/** Writes an episode into the memory that is named, and prints what readers in other languages should find in it. */
import { madeUpEpisode } from "./made-up-episode.js";
import { writeEpisode } from "./write-episode.js";

const episode = madeUpEpisode({ seed: 42, steps: 6, side: 16 });
const file = await writeEpisode(process.argv[2]!, episode);
process.stdout.write(JSON.stringify({
  file, id: episode.header.id, outcome: episode.outcome.kind, sentences: episode.events.map(({ sentence }) => sentence), side: 16,
  steps: episode.steps.map((step) => ({
    latent: [...step.latent], positions: [...step.jointPositions], plan: [...step.actions], planMs: step.planMs, pixels: [...step.image.data],
  })),
}));
