import { decodeRawImage } from "../camera/encodings.js";
import { decodeImage, MAX_FILE_BYTES } from "../camera/files.js";
import { GRIPPER_STATES } from "../goals/goal-file.js";
import { checkGoalName } from "../goals/goal-name.js";
import { MAX_SEQUENCE } from "../goals/sequence-file.js";
import { GOAL_ERROR } from "./goal-error-code.js";
import { GoalRefused } from "./goal-order.js";
import { oneLine } from "./ros-node.js";
import { toSeconds } from "./time.js";

import type { GoalLibrary } from "../goals/goal-library.js";
import type { BundleIdentity } from "../world-model/index.js";
import type { GoalLatent, GoalPicture } from "./goal-order.js";
import type { CompressedImageMessage, ImageMessage, ReachGoalImageGoal } from "./messages.js";

/** MAX_SUB_GOALS of the action. */
export const MAX_SUB_GOALS = MAX_SEQUENCE;

/** What latents that are given have to be made by. */
export interface RequestedModel extends Pick<BundleIdentity, "name" | "encoderSha256"> {
  readonly latentDim: number;
}

/** What a goal of the action says of one of its entries. */
type Entry = Pick<GoalPicture, "gripper" | "reachedBelow">;

/** A goal of the action, checked. */
export interface GoalRequest {
  readonly name: string;
  load(library: GoalLibrary): Promise<readonly (GoalPicture | GoalLatent)[]>;
  /** Energy below which it counts as reached; undefined: the controller's own. */
  readonly reachedBelow: number | undefined;
  /** s; Infinity: none. */
  readonly timeoutS: number;
}

/**
 * Reads a goal of the action and copies what it keeps: a message's memory is freed when the callback returns.
 *
 * @throws Error with one line that says what is wrong with the message. What can only be seen later (a name that is not in the
 * library, a damaged JPEG) makes `load` reject with a GoalRefused; so do latents that are not of `model`, whose sender is to be told why.
 */
export function readGoalRequest(goal: ReachGoalImageGoal, model: RequestedModel): GoalRequest {
  const { goal_names: names, images, compressed_images: compressed, tolerance, timeout, tolerances, grippers, latent_names: latentNames = [], latents = [] } = goal;
  const given = Object.entries({ goal_names: names, images, compressed_images: compressed, latent_names: latentNames }).filter(([, list]) => list.length > 0);
  if (given.length !== 1) {
    const what = given.length > 0 ? given.map(([list]) => list).join(" and ") : latents.length > 0 ? `none (latents has ${latents.length} values, but no names)` : "none";
    throw new Error(`exactly one of goal_names, images, compressed_images and latent_names must have entries, not ${what}`);
  }
  const [list, { length: count }] = given[0]!;
  if (count > MAX_SUB_GOALS) {
    throw new Error(`${list} has ${count} entries; at most ${MAX_SUB_GOALS} sub-goals are taken`);
  }
  if (!Number.isFinite(tolerance) || tolerance < 0) {
    throw new Error(`tolerance must be a finite number of at least 0, not ${tolerance}`);
  }
  const timeoutS = toSeconds(timeout);
  if (timeoutS < 0) {
    throw new Error(`timeout must not be negative, and is ${timeoutS} s`);
  }
  const entries = readEntries(list, count, tolerances ?? [], grippers ?? []);
  const common = { reachedBelow: tolerance === 0 ? undefined : tolerance, timeoutS: timeoutS === 0 ? Infinity : timeoutS };
  if (names.length > 0) {
    const wanted = names.map(checkGoalName);
    return { name: wanted.join(", "), load: (library) => storedGoals(library, wanted, entries), ...common };
  }
  if (images.length > 0) {
    const pictures = images.map((message, i) => ({ ...rawPicture(message, labelOf(message, i, count)), ...entries[i] }));
    return { name: pictures.map(({ name }) => name).join(", "), load: () => Promise.resolve(pictures), ...common };
  }
  if (latentNames.length > 0) {
    const labels = latentNames.map((name, i) => name !== "" ? oneLine(name) : `latent ${i + 1}`);
    const rows = readLatents(goal, count, model);
    return {
      name: labels.join(", "),
      load: () => rows instanceof GoalRefused ? Promise.reject(rows) : Promise.resolve(labels.map((name, i) => ({ name, latent: rows[i]!, ...entries[i] }))),
      ...common,
    };
  }
  const packed = compressed.map((message, i) => ({ name: labelOf(message, i, count), bytes: compressedBytes(message), entry: entries[i] }));
  return {
    name: packed.map(({ name }) => name).join(", "),
    load: () => Promise.all(packed.map(async ({ name, bytes, entry }) => ({ name, image: await unpacked(bytes, `compressed image "${name}"`), ...entry }))),
    ...common,
  };
}

/** A copy of the bytes of a compressed picture. @throws Error with one line when there are too many or none. */
export function compressedBytes({ data }: CompressedImageMessage): Uint8Array {
  if (data.length === 0 || data.length > MAX_FILE_BYTES) {
    throw new Error(`a compressed image has ${data.length} bytes; 1 to ${MAX_FILE_BYTES} are read`);
  }
  return data.slice();
}

/** What a goal that came as a picture is called. */
export function labelOf({ header }: { readonly header: { readonly frame_id: string } }, index = 0, count = 1): string {
  return header.frame_id !== "" ? header.frame_id : count === 1 ? "image" : `image ${index + 1}`;
}

/**
 * The pictures of goals and sequences of the library, in their order.
 *
 * @param entries what is said of each name: its gripper goes before the stored one, its tolerance is for those that a sequence gives none.
 * @throws GoalRefused when there is none of a name, one is damaged, or they are too many together.
 */
export async function storedGoals(library: GoalLibrary, names: readonly string[], entries: readonly Entry[] = []): Promise<GoalPicture[]> {
  try {
    const steps = (await Promise.all(names.map(async (name, i) => (await library.steps(name)).map((step) => ({ ...step, entry: entries[i] }))))).flat();
    if (steps.length > MAX_SUB_GOALS) {
      throw new GoalRefused(GOAL_ERROR.invalidGoal, `${names.join(", ")} has ${steps.length} sub-goals together; at most ${MAX_SUB_GOALS} are taken`);
    }
    return await Promise.all(steps.map(async ({ goal: name, tolerance, entry }) => {
      const { goal, image } = await library.read(name);
      return { name, image, gripper: entry?.gripper ?? goal.gripper, reachedBelow: tolerance ?? entry?.reachedBelow };
    }));
  } catch (error) {
    throw error instanceof GoalRefused ? error : new GoalRefused(GOAL_ERROR.unknownGoal, oneLine(error), error);
  }
}

/** @returns one for each entry of `list`. @throws Error with one line: another number of them, or a value that is none. */
function readEntries(list: string, count: number, tolerances: ArrayLike<number>, grippers: readonly string[]): Entry[] {
  for (const [field, { length }] of [["tolerances", tolerances], ["grippers", grippers]] as const) {
    if (length !== 0 && length !== count) {
      throw new Error(`${field} has ${length} entries, ${list} has ${count}; give as many, or none`);
    }
  }
  return Array.from({ length: count }, (_, i) => {
    const reachedBelow = tolerances[i] ?? 0;
    if (!Number.isFinite(reachedBelow) || reachedBelow < 0) {
      throw new Error(`tolerances must be finite numbers of at least 0, not ${reachedBelow}`);
    }
    const told = grippers[i] ?? "";
    const gripper = GRIPPER_STATES.find((state) => state === told);
    if (gripper === undefined && told !== "") {
      throw new Error(`grippers must be ${GRIPPER_STATES.join(", ")} or empty, not ${JSON.stringify(told.slice(0, 40))}`);
    }
    return { gripper, reachedBelow: reachedBelow === 0 ? undefined : reachedBelow };
  });
}

/** @returns copies, [latentDim] each; or why they cannot be gone for. */
function readLatents({ latents = [], encoder_sha256: sha256 = "" }: ReachGoalImageGoal, count: number, { name, encoderSha256, latentDim }: RequestedModel): Float32Array[] | GoalRefused {
  const refused = (why: string): GoalRefused => new GoalRefused(GOAL_ERROR.invalidGoal, why);
  if (sha256.toLowerCase() !== encoderSha256.toLowerCase()) {
    const made = sha256 === "" ? "encoder_sha256 does not say which encoder made the latents" : `the latents were made with the encoder ${JSON.stringify(sha256.slice(0, 12))}`;
    return refused(`${made}, and this controller has ${encoderSha256.slice(0, 12)} (bundle ${name}): make them with that bundle`);
  }
  if (latents.length !== count * latentDim) {
    return refused(`latents has ${latents.length} values; ${count === 1 ? "a latent" : `${count} latents`} of bundle ${name} ${count === 1 ? "has" : "have"} ${count * latentDim}`);
  }
  const values = Float32Array.from(latents);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    return refused(`latents must be finite numbers; value ${bad % latentDim} of latent ${Math.floor(bad / latentDim) + 1} is ${values[bad]!}`);
  }
  return Array.from({ length: count }, (_, i) => values.slice(i * latentDim, (i + 1) * latentDim));
}

function rawPicture(message: ImageMessage, name: string): GoalPicture {
  try {
    return { name, image: decodeRawImage(message) };
  } catch (error) {
    throw new Error(`image "${name}": ${oneLine(error)}`, { cause: error });
  }
}

async function unpacked(bytes: Uint8Array, what: string): ReturnType<typeof decodeImage> {
  try {
    return await decodeImage(bytes, what);
  } catch (error) {
    throw new GoalRefused(GOAL_ERROR.invalidGoal, oneLine(error), error);
  }
}
