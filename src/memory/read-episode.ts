import { decodeImage } from "../camera/files.js";
import { readEncodedEpisode } from "./read-encoded-episode.js";

import type { Episode, EpisodeGoal, EpisodeStep } from "./episode.js";

/**
 * Reads an episode with all its pictures unpacked: some hundred kilobytes a step. Who wants fewer reads readEncodedEpisode().
 * A file without its end is read up to its last whole step; its outcome is `interrupted`.
 *
 * @throws Error with one line that names the file: not there, no episode, damaged.
 */
export async function readEpisode(file: string): Promise<Episode> {
  const { header, goals, steps, events, outcome } = await readEncodedEpisode(file);
  const subGoals = await Promise.all(goals.map(async ({ name, latent, picture }): Promise<EpisodeGoal> =>
    ({ name, latent, ...(picture === undefined ? {} : { image: await decodeImage(picture.data, `${file}: the goal's picture`) }) })));
  const whole: EpisodeStep[] = [];
  for (const { picture, ...step } of steps) whole.push({ ...step, image: await decodeImage(picture.data, `${file}: the picture of step ${step.index}`) });
  return { header: { ...header, subGoals }, steps: whole, events, outcome };
}
