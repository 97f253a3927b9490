import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  cameraCalibration, type CameraCalibration, checkCalibration, describeCalibration, parseCalibration, readCalibration, turnOf, writeCalibration,
} from "../../src/calibration/index.js";

const BUNDLE = { name: "arm", encoderSha256: "a".repeat(64), rolloutSha256: "b".repeat(64) };
let dir: string;
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-calibration-")); });
after(() => rm(dir, { recursive: true, force: true }));

function made(): CameraCalibration {
  return cameraCalibration({
    fit: { angleRad: Math.PI / 6, angleErrorRad: 0.02, scale: 0.9, residual: 0.1, condition: 1.02, matrix: [0.8, 0.4, -0.4, 0.8], moves: 1 },
    moves: [{ true: [0.1, 0], inferred: [0.08, -0.04] }],
  }, { bundle: BUNDLE, cameraTopic: "/camera/image_raw", created: "2026-11-23T01:00:00.000Z", pivotM: [0.5, 0] });
}

/** The file's text with a field changed. */
function changed(path: readonly string[], value: unknown): string {
  const json = JSON.parse(JSON.stringify(made())) as Record<string, unknown>;
  let at = json;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1)!] = value;
  return JSON.stringify(json);
}

test("what is written is read again, and nothing lies beside", async () => {
  const file = join(dir, "camera.json");
  await writeCalibration(file, made());
  await writeCalibration(file, made());
  assert.deepEqual(await readCalibration(file), made());
  assert.deepEqual(turnOf(await readCalibration(file)), { angleRad: Math.PI / 6, pivotM: [0.5, 0] });
  assert.deepEqual(await readdir(dir), ["camera.json"]);
  assert.match(describeCalibration(made()).join("\n"), /turn {7}30\.0 degrees, known to 1\.1/);
});

test("what is no calibration is refused in one line: the field, the value, what to do", async () => {
  const refused = (text: string, line: RegExp): void => {
    assert.throws(() => parseCalibration(text, "x.json"), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, line);
      assert.match(error.message, /^camera calibration x\.json: [^\n]+ jepa-mpc calibrate$/);
      return true;
    });
  };
  refused("{", /not JSON/);
  refused("[]", /the file/);
  refused(changed(["turn", "angle_rad"], 40), /turn\.angle_rad is 40: write an angle from -pi to pi; it looks like degrees: give radians/);
  // What JSON makes of NaN.
  refused(changed(["turn", "angle_rad"], NaN), /turn\.angle_rad is null: write a finite number/);
  refused(changed(["turn", "angle_rad"], 1).replace('"angle_rad":1', '"angle_rad":NaN'), /not JSON/);
  refused(changed(["turn", "pivot_m"], [0.5]), /turn\.pivot_m/);
  refused(changed(["bundle", "encoder_sha256"], "abc"), /bundle\.encoder_sha256 is "abc": write a SHA-256/);
  refused(changed(["schema_version"], 2), /schema_version is 2: this version of jepa-mpc reads 1/);
  refused(changed(["camera_topic"], ""), /camera_topic is "": write the camera's topic/);
  refused(changed(["turn", "angle_deg"], 30), /turn is .*remove angle_deg/);
  await assert.rejects(readCalibration(join(dir, "none.json")), /none\.json: there is no such file: make it with jepa-mpc calibrate --out .*none\.json$/);
  await writeFile(join(dir, "empty.json"), "");
  await assert.rejects(readCalibration(join(dir, "empty.json")), /not JSON/);
});

test("a calibration of another bundle or camera is refused", () => {
  assert.doesNotThrow(() => { checkCalibration(made(), "x.json", BUNDLE, "/camera/image_raw"); });
  assert.doesNotThrow(() => { checkCalibration(made(), "x.json", BUNDLE); });
  const other = { ...BUNDLE, name: "other", rolloutSha256: "c".repeat(64) };
  assert.throws(() => { checkCalibration(made(), "x.json", other); }, /x\.json was made with the bundle arm \(rollout\.onnx bbbbbbbbbbbb…\), this is other \(cccccccccccc…\): calibrate again with this one/);
  assert.throws(() => { checkCalibration(made(), "x.json", BUNDLE, "/left/image_raw"); }, /of the camera \/camera\/image_raw, the pictures come from \/left\/image_raw: calibrate this camera/);
});
