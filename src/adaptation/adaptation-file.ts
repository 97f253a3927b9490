import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { oneLine } from "../text/one-line.js";
import { refusal } from "../text/refusal.js";
import type { SavedAdaptation } from "./adapter.js";

const estimate = z.strictObject({ theta: z.array(z.number()).min(1), covariance: z.array(z.number()).min(1) });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in hexadecimal");

const schema = z.strictObject({
  schema_version: z.literal(1),
  /** ISO 8601, UTC. */
  saved: z.iso.datetime(),
  encoder_sha256: sha256,
  rollout_sha256: sha256,
  /** Of the camera's calibration; empty without one. */
  calibration_sha256: z.union([sha256, z.literal("")]),
  steps: z.int().nonnegative(),
  axes: z.array(z.strictObject({ name: z.string(), motion: estimate, offset: estimate })).min(1),
});

/** What was learned belongs to these, and to no others. */
export interface AdaptedTo {
  readonly encoderSha256: string;
  readonly rolloutSha256: string;
  /** The calibration's file, where there is one. */
  readonly calibration?: string | undefined;
}

/** Writes beside and renames. @param saved when, ISO 8601, UTC. @throws Error with one line when it cannot be written. */
export async function writeAdaptation(file: string, { steps, axes }: SavedAdaptation, to: AdaptedTo, saved: string): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify({
    schema_version: 1, saved, encoder_sha256: to.encoderSha256, rollout_sha256: to.rolloutSha256, calibration_sha256: digest(to.calibration), steps, axes,
  })}\n`);
}

/**
 * What was saved, or undefined where there is nothing.
 * @throws Error with one line when the file is damaged, or is of another bundle or calibration.
 */
export async function readAdaptation(file: string, to: AdaptedTo): Promise<SavedAdaptation | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`${file} cannot be read: ${oneLine(cause)}`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is damaged: it is not JSON: remove it, and the robot learns anew`, { cause });
  }
  const result = schema.safeParse(json);
  if (!result.success) throw new Error(`${file} is damaged: ${refusal(result.error.issues[0]!, json, "it")}: remove it, and the robot learns anew`);
  const { steps, axes, encoder_sha256, rollout_sha256, calibration_sha256 } = result.data;
  for (const [what, has, wanted] of [["bundle", encoder_sha256, to.encoderSha256], ["bundle", rollout_sha256, to.rolloutSha256], ["camera calibration", calibration_sha256, digest(to.calibration)]] as const) {
    if (has !== wanted) throw new Error(`${file} was learned with another ${what} (${has.slice(0, 12) || "none"}, this is ${wanted.slice(0, 12) || "none"}): the robot learns anew`);
  }
  return { steps, axes };
}

function digest(text: string | undefined): string {
  return text === undefined ? "" : createHash("sha256").update(text).digest("hex");
}
