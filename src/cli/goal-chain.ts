import { resolve } from "node:path";

import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { openModel } from "./open-model.js";
import { latentOf, readPictureArgument } from "./picture-argument.js";
import { print, printJson, shortNumber, table } from "./print.js";

import type { Chain } from "../chain/chain-finder.js";
import type { Remembered } from "../experience/remembered.js";
import type { StripPicture } from "../plots/strip.js";
import type { PictureArgument } from "./picture-argument.js";

export default defineCommand({
  command: "chain <goal>",
  describe: "Find sub-goals for a goal that is too far for one plan, in what was lived",
  builder: (yargs) =>
    yargs
      .positional("goal", { type: "string", demandOption: true, describe: "A goal's name or a picture file" })
      .option("from", { type: "string", requiresArg: true, demandOption: true, describe: "The scene now: a picture file or a goal's name" })
      .option("experience", { type: "string", requiresArg: true, demandOption: true, describe: "What was lived: folder of a data set (docs/data.md)" })
      .option("episodes", { type: "string", requiresArg: true, describe: "Episodes of it that are used [default: all]" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw the chain into this file: for each sub-goal the remembered picture that it is made of" })
      .option("json", { type: "string", requiresArg: true, describe: "Write the chain with its latents to this file, or to the output with -" })
      .option("bundle", BUNDLE_OPTION)
      .option("goals-dir", { type: "string" })
      .example("$0 goal chain cleared --from now.png --experience data/plain --png chain.png", ""),
  handler: async (args) => {
    const episodes = args.episodes === undefined ? undefined : parseNumber("--episodes", args.episodes, { min: 1, max: 1e6, whole: true });
    const library = await openLibrary(args.goalsDir);
    const [now, goal] = [await readPictureArgument(args.from, library), await readPictureArgument(args.goal, library)];
    const open = await openModel(args.bundle);
    const { model } = open;
    try {
      const [{ openChainFinder }, { showProgress }] = await Promise.all([import("../experience/open-chain-finder.js"), import("../../sim/progress.js")]);
      let progress: ReturnType<typeof showProgress> | undefined;
      const { finder, remembered } = await openChainFinder({
        folder: resolve(args.experience), model, manifest: model.manifest, planner: { kind: "icem" }, ...(episodes === undefined ? {} : { episodes }),
        onProgress: (done, all) => {
          progress ??= showProgress("pictures remembered", all, 0);
          progress.update(done);
        },
      });
      progress?.end();
      const chain = await finder.find(await latentOf(now, library, open), await latentOf(goal, library, open));
      if (chain === undefined) {
        throw new Error(`what was lived in ${args.experience} does not lead from ${now.label} to ${goal.label}; give more of it (--experience), or a goal that is nearer`);
      }
      if (args.png !== undefined) await draw(args.png, chain, remembered, now, goal);
      if (args.json !== undefined) await writeJson(args.json, chain, remembered, { from: now.label, goal: goal.label, bundle: model.manifest.name, encoder_sha256: open.key.encoderSha256 });
      if (args.json !== "-") printChain(chain, remembered);
    } finally {
      await model.close();
    }
  },
});

function printChain({ links, cost, pieces }: Chain, { experience }: Remembered): void {
  print(...table([
    ["", "SUB-GOAL", "LEFT OF IT", "", "MADE OF"],
    ...links.map(({ name, energy, passed, source }, i) => [
      String(i + 1), name, Number.isNaN(energy) ? "" : shortNumber(energy), passed ? "" : "doubtful",
      source === undefined ? "the goal" : `${experience.stretches[source.stretch]!.id}, frame ${source.frame}`,
    ]),
  ], ["right"]), `${pieces === 1 ? "1 piece" : `${pieces} pieces`} of experience, cost ${shortNumber(cost)}; left of it: energy that the planner predicts at the end of the leg`);
}

async function writeJson(file: string, { links, cost, pieces }: Chain, { experience }: Remembered, about: object): Promise<void> {
  const chain = {
    ...about, cost, pieces,
    sub_goals: links.map(({ name, latent, energy, passed, source }) => ({
      name, latent: [...latent], predicted_energy: Number.isNaN(energy) ? null : energy, passed,
      source: source === undefined ? null : { episode: experience.stretches[source.stretch]!.id, frame: source.frame },
    })),
  };
  if (file === "-") {
    printJson(chain);
    return;
  }
  const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
  await writeFileAtomically(file, `${JSON.stringify(chain, null, 1)}\n`);
}

/** Remembered pictures show the hand and its thing; where the other things lay then, they do not lie now. */
async function draw(file: string, { links }: Chain, remembered: Remembered, now: PictureArgument, goal: PictureArgument): Promise<void> {
  const { writeStrip } = await import("../plots/strip.js");
  const pictures: StripPicture[] = [{ image: now.image, caption: "now" }];
  for (const { name, energy, source } of links) {
    if (source !== undefined) pictures.push({ image: await remembered.picture(source), caption: `${name}${Number.isNaN(energy) ? "" : `, ${energy.toPrecision(2)} left`}` });
  }
  pictures.push({ image: goal.image, caption: "goal" });
  await writeStrip(file, pictures, { columns: Math.min(8, pictures.length) });
}
