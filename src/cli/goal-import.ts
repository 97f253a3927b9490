import { resolve } from "node:path";

import { VIDEO_ENDINGS } from "./goal-source.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { oneLine, print, printJson } from "./print.js";

import type { RgbImage } from "../camera/types.js";
import type { GoalLibrary } from "../goals/goal-library.js";
import type { ImportPlan, LeftOut, PlannedGoal, PlannedSequence } from "../goals/import-plan.js";

/** So many lines of what was left out are printed; the rest is counted. */
const SHOWN = 20;

export default defineCommand({
  command: "import <folder>",
  describe: "Keep the pictures of a folder and of those below it as goals",
  builder: (yargs) =>
    yargs
      .positional("folder", { type: "string", demandOption: true, describe: "The folder" })
      .option("sequence", { type: "boolean", default: false, describe: "The pictures of each folder are a sequence, in the order of their names" })
      .option("pick", { type: "string", requiresArg: true, describe: "Of each folder only so many pictures, evenly spaced, the last one among them; 1 also takes the last picture of videos" })
      .option("prefix", { type: "string", requiresArg: true, default: "", describe: "Before each name" })
      .option("dry-run", { type: "boolean", default: false, describe: "Only say what would be taken" })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal import goals/", "goals/cup/left.png becomes cup-left")
      .example("$0 goal import demos/ --sequence --pick 4", "four sub-goals of each folder of pictures")
      .example("$0 goal import episodes/ --pick 1", "where each episode ended: folders of frames, or videos"),
  handler: async (args) => {
    const pick = args.pick === undefined ? undefined : parseNumber("--pick", args.pick, { min: 1, max: 1000, whole: true });
    const [library, { planImport }] = await Promise.all([openLibrary(args.goalsDir), import("../goals/import-plan.js")]);
    const plan = await planImport(args.folder, { prefix: args.prefix, sequence: args.sequence, videoEndings: VIDEO_ENDINGS, ...(pick === undefined ? {} : { pick }) });
    const { goals, sequences, leftOut } = await checked(plan, library, resolve(args.folder));
    if (!args.dryRun) {
      await keep(goals, sequences, library);
    }
    if (args.json) {
      printJson({ dir: library.dir, dryRun: args.dryRun, goals: goals.map(({ name, file }) => ({ name, file })), sequences, leftOut });
    } else {
      const verb = args.dryRun ? "would take" : "took";
      print(`${verb} ${goals.length} ${goals.length === 1 ? "goal" : "goals"}${sequences.length === 0 ? "" : ` and ${sequences.length} ${sequences.length === 1 ? "sequence" : "sequences"}`} into ${library.dir}`,
        ...goals.slice(0, SHOWN).map(({ name, file, video }) => `  ${name}  ${file}${video ? " (its last picture)" : ""}`), ...more(goals),
        ...sequences.map(({ name, goals: parts }) => `  ${name}  sequence of ${parts.length}`),
        ...(leftOut.length === 0 ? [] : [`left out ${leftOut.length}:`, ...leftOut.slice(0, SHOWN).map(({ path, reason }) => `  ${path}: ${reason}`), ...more(leftOut)]));
    }
    if (goals.length === 0) {
      throw new Error(`${args.folder} gave no goal${leftOut.length === 0 ? "; it has no pictures" : ""}`);
    }
  },
});

function more(list: readonly unknown[]): string[] {
  return list.length > SHOWN ? [`  … and ${list.length - SHOWN} more (all with --json)`] : [];
}

/** What can really be taken: every picture is read once, before the first is kept. Sequences that would have a hole go as a whole. */
async function checked(plan: ImportPlan, library: GoalLibrary, folder: string): Promise<ImportPlan> {
  const leftOut: LeftOut[] = [...plan.leftOut];
  const usable = new Map<string, PlannedGoal>();
  const shown = (file: string): string => file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file;
  const taken = new Set([...(await library.list()), ...(await library.sequences.list())].map(({ name }) => name));
  for (const goal of plan.goals) {
    try {
      if (taken.has(goal.name)) throw new Error(`${goal.name} exists already in the library; remove it first or give a --prefix`);
      await pictureOf(goal);
      usable.set(goal.name, goal);
    } catch (error) {
      leftOut.push({ path: shown(goal.file), reason: oneLine(error).replace(`${goal.file} `, "").replace(`cannot read picture ${goal.file}: `, "") });
    }
  }
  const sequences: PlannedSequence[] = [];
  for (const sequence of plan.sequences) {
    const hole = sequence.goals.find((name) => !usable.has(name));
    const reason = hole !== undefined ? `its picture ${hole} is left out` : taken.has(sequence.name) || usable.has(sequence.name) ? `${sequence.name} exists already` : undefined;
    if (reason === undefined) sequences.push(sequence);
    else {
      leftOut.push({ path: `sequence ${sequence.name}`, reason });
      for (const name of sequence.goals) usable.delete(name);
    }
  }
  return { goals: [...usable.values()], sequences, leftOut };
}

/** Keeps all of it or nothing: what was added before something failed is taken out again. */
async function keep(goals: readonly PlannedGoal[], sequences: readonly PlannedSequence[], library: GoalLibrary): Promise<void> {
  const added: (() => Promise<void>)[] = [];
  try {
    for (const goal of goals) {
      await library.add(goal.name, await pictureOf(goal), goal.file);
      added.unshift(() => library.remove(goal.name, { force: true }));
    }
    for (const { name, goals: parts } of sequences) {
      await library.sequences.add(name, parts.map((part) => ({ goal: part })));
      added.unshift(() => library.sequences.remove(name));
    }
  } catch (error) {
    for (const undo of added) await undo().catch(() => undefined);
    throw new Error(`nothing was imported: ${oneLine(error)}`, { cause: error });
  }
}

async function pictureOf({ file, video }: PlannedGoal): Promise<RgbImage> {
  if (video) {
    const { readVideoFrame } = await import("./video-frame.js");
    return readVideoFrame(file, "end");
  }
  const { readImageFile } = await import("../camera/files.js");
  return readImageFile(file);
}
