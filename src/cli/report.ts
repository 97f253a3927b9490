import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { EPISODE_ARGUMENT, findEpisode, MEMORY_OPTION } from "./find-episode.js";
import { print } from "./print.js";
import { projectVersion } from "./project.js";
import { UsageError } from "./usage-error.js";

import type { Episode } from "../memory/episode.js";
import type { StepLandscape } from "../report/episode-report.js";

export default defineCommand({
  command: "report <episode>",
  describe: "Write a recorded episode as one HTML page",
  builder: (yargs) =>
    yargs
      .positional("episode", EPISODE_ARGUMENT)
      .option("out", { type: "string", requiresArg: true, describe: "The page's file [default: the episode's id and .html]" })
      .option("memory", MEMORY_OPTION)
      .option("landscape", { type: "string", requiresArg: true, describe: "Steps, between commas, whose energy is drawn over two action dimensions" })
      .option("landscape-axes", { type: "string", requiresArg: true, describe: "Those two dimensions, between commas [default: the first two]" })
      .option("bundle", { ...BUNDLE_OPTION, describe: `For --landscape, the bundle of the recording: ${BUNDLE_OPTION.describe.replace(/^World-model bundle: /, "")}` })
      .example("$0 report last", "the newest episode")
      .example("$0 report 20261123T0440 --landscape 0,8 --out cup.html", ""),
  handler: async (args) => {
    if (args.landscapeAxes !== undefined && args.landscape === undefined) throw new UsageError("--landscape-axes needs --landscape STEP");
    const file = await findEpisode(args.episode, args.memory);
    const { readEpisode } = await import("../memory/read-episode.js");
    const episode = await readEpisode(file);
    const landscapes = args.landscape === undefined ? [] : await landscapesOf(episode, args.landscape, args.landscapeAxes, args.bundle);
    const out = args.out ?? `${episode.header.id}.html`;
    await writeReport(out, episode, { landscapes });
    print(out);
  },
});

/** Writes the page. @throws Error with one line when it cannot be written. */
export async function writeReport(
  file: string, episode: Episode, options: Omit<Parameters<typeof import("../report/episode-report.js").episodeReport>[1], "by">,
): Promise<void> {
  const { episodeReport } = await import("../report/episode-report.js");
  const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
  await writeFileAtomically(file, await episodeReport(episode, { ...options, by: `jepa-mpc ${projectVersion()}` }));
}

async function landscapesOf(episode: Episode, wanted: string, axes: string | undefined, bundle: string | undefined): Promise<StepLandscape[]> {
  const { episodeLandscape, parseSteps } = await import("./episode-landscape.js");
  const indices = parseSteps(wanted, episode);
  const { openModel } = await import("./open-model.js");
  const { bundleIdentity } = await import("../world-model/index.js");
  const { model, dir } = await openModel(bundle);
  try {
    const { bundle: recorded } = episode.header;
    const { encoderSha256, rolloutSha256 } = bundleIdentity(model.manifest);
    if (encoderSha256 !== recorded.encoderSha256 || rolloutSha256 !== recorded.rolloutSha256) {
      throw new Error(`the episode was recorded with ${recorded.name} (roll-out ${recorded.rolloutSha256.slice(0, 12)}), and ${dir} has other graphs: give that bundle with --bundle for --landscape`);
    }
    const landscapes: StepLandscape[] = [];
    for (const index of indices) landscapes.push(await episodeLandscape(episode, index, model, axes));
    return landscapes;
  } finally {
    await model.close();
  }
}
