import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { UsageError } from "./usage-error.js";

/** What fine_tune.py ends with when the new bundle is not better. */
const EXIT_REFUSED = 3;

export default defineCommand({
  command: "fine-tune",
  describe: "Learn on from remembered episodes; the new bundle is written only if it predicts held-out episodes better",
  builder: (yargs) =>
    yargs
      .option("bundle", BUNDLE_OPTION)
      .option("out", { type: "string", requiresArg: true, demandOption: true, describe: "Folder of the new bundle; must not be there" })
      .option("memory", { type: "string", requiresArg: true, describe: "Folder of the memory [default: $JEPA_MPC_MEMORY, or jepa-mpc/memory in the user's data]" })
      .option("minutes", { type: "string", requiresArg: true, default: "3", describe: "Most minutes of computing" })
      .option("steps", { type: "string", requiresArg: true, default: "3000", describe: "Most steps of learning" })
      .option("held-out", { type: "string", requiresArg: true, default: "0.25", describe: "Share of the newest episodes that only measure" })
      .option("python", { type: "string", requiresArg: true, default: process.env["JEPA_MPC_TRAINING_PYTHON"] ?? "python3", describe: "Python with training/requirements.txt installed" })
      .option("keep-data", { type: "string", requiresArg: true, describe: "Keep what was taken out of the memory in this folder; must not be there" })
      .example("$0 fine-tune --out models/mine", ""),
  handler: async (args) => {
    const minutes = parseNumber("--minutes", args.minutes, { min: 0.01, max: 1440 });
    const steps = parseNumber("--steps", args.steps, { min: 1, max: 1e7, whole: true });
    const heldOut = parseNumber("--held-out", args.heldOut, { min: 0.01, max: 0.9 });
    const bundle = findBundleDir(args.bundle);
    const out = resolve(args.out);
    if (existsSync(out)) throw new UsageError(`--out ${args.out} is there: a bundle is never overwritten, give another folder`);
    if (args.keepData !== undefined && existsSync(args.keepData)) throw new UsageError(`--keep-data ${args.keepData} is there: give another folder`);
    const [{ memoryDir }, { MemoryIndex }, { readEncodedEpisode }, { experienceOf }, { bundleIdentity, readManifest }, { writeNpy }] = await Promise.all([
      import("../memory/memory-dir.js"), import("../memory/memory-index.js"), import("../memory/read-encoded-episode.js"), import("../memory/experience.js"),
      import("../world-model/index.js"), import("../../sim/npy.js"),
    ]);
    const manifest = await readManifest(bundle);
    const { encoderSha256 } = bundleIdentity(manifest);
    const dir = memoryDir(args.memory);
    const known = await (await MemoryIndex.open(dir)).episodes({ encoderSha256 });
    const episodes = [];
    for (const { path } of known) episodes.push(await readEncodedEpisode(path));
    const { stretches, latents, states, actions, frames, periods } = experienceOf(episodes);
    if (stretches.length === 0) throw new UsageError(`the memory in ${dir} has no episodes of the encoder of ${manifest.name}: let the robot work with memory.enabled first`);
    const data = args.keepData === undefined ? await mkdtemp(join(tmpdir(), "jepa-mpc-experience-")) : resolve(args.keepData);
    try {
      await mkdir(data, { recursive: true });
      for (const [name, values, rows] of [["latents", latents, frames], ["states", states, frames], ["actions", actions, periods]] as const) {
        writeNpy(join(data, `${name}.npy`), "f4", [rows, values.length / rows], values);
      }
      await writeFile(join(data, "experience.json"), `${JSON.stringify({ format: "jepa-mpc experience, version 1", encoder_sha256: encoderSha256, stretches })}\n`);
      print(`fine-tune: ${episodes.length} episodes with ${periods} actions out of ${dir}`);
      // The networks are too small to be faster with two threads.
      const code = await run(args.python, [
        join(PROJECT_ROOT, "training", "fine_tune.py"), "--bundle", bundle, "--data", data, "--out", out,
        "--threads", "1", "--minutes", String(minutes), "--steps", String(steps), "--held-out", String(heldOut),
      ]);
      if (code !== 0) process.exitCode = code === EXIT_REFUSED ? EXIT_REFUSED : 1;
    } finally {
      if (args.keepData === undefined) await rm(data, { recursive: true, force: true });
    }
  },
});

/** Runs a program whose output is this command's. @throws UsageError when there is none. */
function run(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolved, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => { reject(new UsageError(`--python ${program} does not start (${error.message}): give a Python with training/requirements.txt installed`)); });
    child.on("exit", (code) => { resolved(code ?? 1); });
  });
}
