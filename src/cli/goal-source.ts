import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";

import { isGoalName } from "../goals/goal-name.js";
import { parseNumber } from "./numbers.js";
import { UsageError } from "./usage-error.js";

import type { RgbImage } from "../camera/types.js";
import type { Goal, GoalLibrary } from "../goals/goal-library.js";

/** What a goal is made from. */
export interface GoalSource {
  readonly image: RgbImage;
  /** For goal.json: where the picture came from. */
  readonly source: string;
  /** The goal that it was taken from, where it was one. */
  readonly goal?: Goal;
}

export interface GoalSourceOptions {
  /** As it was typed: seconds from the beginning, or "end". */
  readonly at?: string | undefined;
  /** Of a bag. */
  readonly topic?: string | undefined;
}

const PICTURES: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg"]);

/** Of files that are taken for videos; what is in them is for the decoder to say. */
export const VIDEO_ENDINGS: ReadonlySet<string> = new Set([".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".gif"]);

/**
 * Takes a picture out of a picture file, a video or a bag at a time, or another goal.
 *
 * @throws Error with one line: neither, no time given, nothing there, not readable. UsageError for options that do not fit.
 */
export async function readGoalSource(from: string, library: GoalLibrary, { at, topic }: GoalSourceOptions): Promise<GoalSource> {
  const ending = extname(from).toLowerCase();
  const isGoal = isGoalName(from) && !existsSync(from) && existsSync(`${library.dir}/${from}`);
  const { isBag, openBag, choosePictureTopic, pictureAt } = await import("../bags/index.js");
  const bag = !isGoal && (await isBag(from));
  if (topic !== undefined && !bag) {
    throw new UsageError(`--topic is for bags, and ${JSON.stringify(from)} is none`);
  }
  if (bag || VIDEO_ENDINGS.has(ending)) {
    const atS = timeOf(from, at);
    if (bag) {
      const opened = await openBag(from);
      try {
        const chosen = choosePictureTopic(opened, topic);
        const { image, timeS } = await pictureAt(opened, chosen, atS);
        return { image, source: `${resolve(from)}, topic ${chosen.name} at ${timeS.toFixed(3)} s` };
      } finally {
        await opened.close();
      }
    }
    const { readVideoFrame } = await import("./video-frame.js");
    return { image: await readVideoFrame(from, atS), source: `${resolve(from)} at ${atS === "end" ? "its end" : `${atS} s`}` };
  }
  if (at !== undefined) {
    throw new UsageError(`--at is for videos and bags, and ${JSON.stringify(from)} is none`);
  }
  if (isGoal) {
    const { goal, image } = await library.read(from);
    return { goal, image, source: `goal ${from} (${goal.source})` };
  }
  if (!existsSync(from) && !PICTURES.has(ending) && isGoalName(from)) {
    throw new Error(`${JSON.stringify(from)} is no file and no goal in ${library.dir}; see the goals with: jepa-mpc goal list`);
  }
  const { readImageFile } = await import("../camera/files.js");
  return { image: await readImageFile(from), source: resolve(from) };
}

/** @throws UsageError when no time or none that can be is given. */
function timeOf(from: string, at: string | undefined): number | "end" {
  if (at === undefined) {
    throw new UsageError(`${JSON.stringify(from)} is a recording: say which picture with --at SECONDS (from its beginning) or --at end`);
  }
  return at === "end" ? "end" : parseNumber("--at", at, { min: 0, max: 1e7 });
}
