import { existsSync } from "node:fs";

import { isGoalName } from "../goals/goal-name.js";

import type { Goal, GoalLibrary } from "../goals/goal-library.js";
import type { OpenModel } from "./open-model.js";
import type { RgbImage } from "../camera/types.js";

/** What an argument that may be a goal's name or a picture file turned out to be. */
export interface PictureArgument {
  /** As the user wrote it. */
  readonly label: string;
  readonly image: RgbImage;
  readonly goal: Goal | undefined;
}

/**
 * Reads a goal's picture or a picture file; a goal of that name goes first.
 *
 * @throws Error with one line when it is neither or cannot be read.
 */
export async function readPictureArgument(argument: string, library: GoalLibrary): Promise<PictureArgument> {
  if (isGoalName(argument) && existsSync(`${library.dir}/${argument}`)) {
    return { label: argument, image: await library.image(argument), goal: await library.get(argument) };
  }
  if (!existsSync(argument)) {
    throw new Error(`${JSON.stringify(argument)} is neither a goal in ${library.dir} nor a picture file; see the goals with: jepa-mpc goal list`);
  }
  const { readImageFile } = await import("../camera/files.js");
  return { label: argument, image: await readImageFile(argument), goal: undefined };
}

/** The latent of a picture: the kept one of a goal, else encoded now. Nothing is written. */
export async function latentOf(picture: PictureArgument, library: GoalLibrary, { model, key }: OpenModel): Promise<Float32Array> {
  const kept = picture.goal === undefined ? undefined : await library.cachedLatent(picture.goal, key);
  return kept ?? model.encode(picture.image);
}
