import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { oneLine } from "../text/one-line.js";
import type { CalibrationResult } from "./calibrate-camera.js";

/** The version of the file that this code reads. */
const SCHEMA_VERSION = 1;

const finite = z.number({ error: "write a finite number" });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: "write a SHA-256 as 64 lower-case hexadecimal digits" });
const pair = z.tuple([finite, finite], { error: "write two finite numbers" });

const schema = z.strictObject({
  schema_version: z.literal(SCHEMA_VERSION, { error: `this version of jepa-mpc reads ${SCHEMA_VERSION}: calibrate again` }),
  created: z.string({ error: "write when it was made" }).min(1, { error: "write when it was made" }),
  bundle: z.strictObject({ name: z.string({ error: "write the bundle's name" }), encoder_sha256: sha256, rollout_sha256: sha256 }, { error: "write name, encoder_sha256 and rollout_sha256" }),
  camera_topic: z.string({ error: "write the camera's topic" }).min(1, { error: "write the camera's topic" }),
  turn: z.strictObject({
    angle_rad: finite.min(-Math.PI, { error: "write an angle from -pi to pi; it looks like degrees: give radians" }).max(Math.PI, { error: "write an angle from -pi to pi; it looks like degrees: give radians" }),
    pivot_m: pair,
  }, { error: "write angle_rad and pivot_m" }),
  fit: z.strictObject({
    angle_error_rad: finite, scale: finite, residual: finite, condition: finite,
    matrix: z.tuple([finite, finite, finite, finite], { error: "write four finite numbers" }),
    moves: z.array(z.strictObject({ true_m: pair, inferred_m: pair }, { error: "write true_m and inferred_m" }), { error: "list the moves" }),
  }, { error: "write what the fit was made from" }),
});

/** A camera calibration as it is kept; lengths in m, angles in rad. */
export type CameraCalibration = z.infer<typeof schema>;

/** What a calibration belongs to. */
export interface CalibratedBundle {
  readonly name: string;
  /** Of its graphs. */
  readonly encoderSha256: string;
  readonly rolloutSha256: string;
}

/** What is kept of a result. @param created ISO 8601. */
export function cameraCalibration(
  { fit, moves }: CalibrationResult,
  about: { readonly bundle: CalibratedBundle; readonly cameraTopic: string; readonly created: string; readonly pivotM: readonly [number, number] },
): CameraCalibration {
  const { name, encoderSha256, rolloutSha256 } = about.bundle;
  return {
    schema_version: SCHEMA_VERSION,
    created: about.created,
    bundle: { name, encoder_sha256: encoderSha256, rollout_sha256: rolloutSha256 },
    camera_topic: about.cameraTopic,
    turn: { angle_rad: fit.angleRad, pivot_m: [...about.pivotM] },
    fit: {
      angle_error_rad: fit.angleErrorRad, scale: fit.scale, residual: fit.residual, condition: fit.condition, matrix: [...fit.matrix],
      moves: moves.map(({ true: made, inferred }) => ({ true_m: [...made], inferred_m: [...inferred] })),
    },
  };
}

/** @param from where the text is from, for messages. @throws Error with one line: the field, what is there, what belongs there. */
export function parseCalibration(text: string, from: string): CameraCalibration {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`camera calibration ${from}: not JSON (${oneLine(cause)}): make it again with jepa-mpc calibrate`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".");
  throw new Error(`camera calibration ${from}: ${field === "" ? "the file" : `${field} is ${valueAt(json, issue.path)}`}: ${issue.code === "unrecognized_keys" ? `remove ${issue.keys.join(", ")}` : issue.message}, or make it again with jepa-mpc calibrate`);
}

/** @throws Error with one line when the file is not there or does not hold a calibration. */
export async function readCalibration(file: string): Promise<CameraCalibration> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(`camera calibration ${file}: ${missing ? "there is no such file" : oneLine(cause)}: make it with jepa-mpc calibrate --out ${file}`, { cause });
  }
  return parseCalibration(text, file);
}

/** Writes beside and renames. @throws Error with one line when it cannot be written. */
export async function writeCalibration(file: string, calibration: CameraCalibration): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(calibration, null, 2)}\n`);
}

/** @throws Error with one line when the calibration is of another bundle, or of another camera where one is named. */
export function checkCalibration({ bundle, camera_topic: topic }: CameraCalibration, file: string, { name, encoderSha256, rolloutSha256 }: CalibratedBundle, cameraTopic?: string): void {
  for (const [graph, hash, own] of [["encoder.onnx", bundle.encoder_sha256, encoderSha256], ["rollout.onnx", bundle.rollout_sha256, rolloutSha256]] as const) {
    if (own !== hash) {
      throw new Error(`camera calibration ${file} was made with the bundle ${bundle.name} (${graph} ${hash.slice(0, 12)}…), this is ${name} (${own.slice(0, 12)}…): calibrate again with this one`);
    }
  }
  if (cameraTopic !== undefined && cameraTopic !== topic) {
    throw new Error(`camera calibration ${file} is of the camera ${topic}, the pictures come from ${cameraTopic}: calibrate this camera`);
  }
}

/** How the model's axes lie, as the robot side takes it. */
export function turnOf({ turn: { angle_rad: angleRad, pivot_m: pivotM } }: CameraCalibration): { readonly angleRad: number; readonly pivotM: readonly [number, number] } {
  return { angleRad, pivotM };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): string {
  let value = json;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
