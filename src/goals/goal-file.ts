import { z } from "zod";
import { refusal } from "../text/refusal.js";

/** What a gripper can be told to be. */
export const GRIPPER_STATES = ["open", "closed"] as const;

export type GripperState = (typeof GRIPPER_STATES)[number];

/** `goal.json`. */
export const GOAL_FILE = z.object({
  /** 2 has `gripper`. */
  schema_version: z.literal([1, 2]),
  name: z.string(),
  /** ISO 8601, UTC. */
  created: z.iso.datetime(),
  /** Where the picture came from: a file's path or "topic /camera/image_raw". */
  source: z.string(),
  image: z.object({
    width: z.int().positive(),
    height: z.int().positive(),
    /** Of `image.png`, the file. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in hexadecimal"),
  }),
  /** What the gripper is to be, whatever the picture shows. */
  gripper: z.enum(GRIPPER_STATES).optional(),
});

export type GoalFile = z.infer<typeof GOAL_FILE>;

/** A cached latent. The values are kept as bytes, because decimal text would be three times as long. */
export const LATENT_FILE = z.object({
  schema_version: z.literal(1),
  bundle: z.string(),
  encoder_sha256: z.string(),
  image_sha256: z.string(),
  dim: z.int().positive(),
  /** float32, little endian, base64. */
  values: z.string(),
  /** Of the bytes behind `values`. */
  sha256: z.string(),
});

/**
 * Reads JSON of a known form.
 *
 * @param file only for the message.
 * @throws Error with one line naming the file, the field that is wrong and its value.
 */
export function parseAs<T>(schema: z.ZodType<T>, text: string, file: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${file} is damaged: it is not JSON`);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new Error(`${file} is damaged: ${issue.path.length === 0 ? "" : "field "}${refusal(issue, json, "it")}`);
  }
  return result.data;
}
