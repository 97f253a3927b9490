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
    return { label: argument, ...(await library.read(argument)) };
  }
  if (!existsSync(argument)) {
    throw new Error(`${JSON.stringify(argument)} is neither a goal in ${library.dir} nor a picture file; see the goals with: jepa-mpc goal list`);
  }
  const { readImageFile } = await import("../camera/files.js");
  return { label: argument, image: await readImageFile(argument), goal: undefined };
}

/** A picture to bring about, as a goal's name, a sequence's or a file said it. */
export interface SubGoalArgument extends PictureArgument {
  /** Energy below which it counts as reached, where the sequence says it. */
  readonly tolerance?: number | undefined;
}

/**
 * Reads what is to be gone for: a goal's picture, those of a sequence in their order, or a picture file.
 *
 * @throws Error with one line when it is none of these, cannot be read, or a sequence lacks a goal.
 */
export async function readGoalArgument(argument: string, library: GoalLibrary): Promise<readonly SubGoalArgument[]> {
  if (!isGoalName(argument) || !(await library.sequences.has(argument))) {
    return [await readPictureArgument(argument, library)];
  }
  return Promise.all((await library.steps(argument)).map(async ({ goal, tolerance }) => ({ label: goal, ...(await library.read(goal)), tolerance })));
}

/**
 * The latent of a picture: the kept one of a goal, else encoded now; with the gripper as the goal says. Nothing is written.
 *
 * @throws Error with one line when the goal says what the gripper is to be and the bundle's latent cannot be told so.
 */
export async function latentOf(picture: PictureArgument, library: GoalLibrary, { model, key }: OpenModel): Promise<Float32Array> {
  const { goal } = picture;
  const kept = goal === undefined ? undefined : await library.cachedLatent(goal, key);
  const latent = kept ?? (await model.encode(picture.image));
  if (goal?.gripper === undefined) {
    return latent;
  }
  const { withGripper } = await import("../world-model/with-gripper.js");
  return withGripper(latent, model.manifest, goal.gripper);
}
