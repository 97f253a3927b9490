import assert from "node:assert/strict";
import { test } from "node:test";
import { BundleError, parseManifest } from "../../src/world-model/index.js";
import { tinyManifest, tinySearch, type LooseManifest } from "./fixtures.js";

test("a manifest that holds is read as it is", async () => {
  const manifest = await tinyManifest();
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
});

test("a policy and its share are read, and either may be left out", async () => {
  const manifest = await tinyManifest();
  const { files } = manifest;
  manifest.planning = tinySearch;
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  manifest.planning = { ...tinySearch, proposals: 0 };
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  files!["proposal.onnx"] = { sha256: "0".repeat(64), bytes: 1 };
  for (const proposals of [0, 0.2, 0.5]) {
    manifest.planning = { ...tinySearch, proposals };
    assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  }
  manifest.planning = { ...tinySearch, min_std: 0.05, exploration_floor: 1, refinement: 8 };
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  delete manifest.planning;
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
});

test("bounds of the state, conventions, and a dimension that is left alone are read", async () => {
  const manifest = await tinyManifest();
  Object.assign(manifest.state!, { low: [-2, -2, -2, 0, -3, -3, -3], high: [2, 2, 2, 0.1, 3, 3, 3], euler: "extrinsic_xyz", gripper: "opening" });
  Object.assign(manifest.action!, { euler: "extrinsic_xyz", gripper: "opening", low: [-0.04, 0, -0.04, 0], high: [0.04, 0, 0.04, 1] });
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
});

function withPolicy(manifest: LooseManifest, proposals: unknown): void {
  manifest.files!["proposal.onnx"] = { sha256: "0".repeat(64), bytes: 1 };
  manifest.planning = { ...tinySearch, proposals };
}

const SURPRISE = {
  source: "tests", created: "2026-11-22", alpha: 0.05, fit_runs: 50, threshold_runs: 150,
  prediction: { mean: Array(8).fill(0), std: Array(8).fill(1), threshold: 3, frames: 1 },
  arm: { latent: ["tool_x"], state: ["ee_x"], mean: [0], std: [0.01], threshold: 3, frames: 2 },
  picture: { threshold: 1.5, frames: 2 }, energy: { threshold: 0.4, frames: 5 }, goal: { threshold: 1.6 },
};

/** With a latent that can be read, and thresholds of which some are others. */
function surprising(manifest: LooseManifest, change: object): void {
  manifest.latent!.readable = { names: ["tool_x", "a", "b", "c", "d", "e", "f", "g"], units: Array(8).fill("m"), mean: Array(8).fill(0), std: Array(8).fill(1) };
  manifest.surprise = { ...SURPRISE, ...change };
}

test("thresholds of surprise are read, and each may be left out", async () => {
  const manifest = await tinyManifest();
  surprising(manifest, {});
  assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  for (const detector of ["prediction", "arm", "picture", "energy", "goal"] as const) {
    manifest.surprise = Object.fromEntries(Object.entries(SURPRISE).filter(([name]) => name !== detector));
    assert.deepEqual(parseManifest(JSON.stringify(manifest), "tiny"), manifest);
  }
});

const refusals: [name: string, spoil: (manifest: LooseManifest) => void, message: RegExp][] = [
  ["another version", (m) => { m.schema_version = 2; m.latent = {}; }, /schema_version is 2: this version of jepa-mpc reads 1/],
  ["a missing section", (m) => { delete m.latent; }, /latent is missing: describe the latent$/],
  ["a missing field", (m) => { delete m.energy!.reached_below; }, /energy\.reached_below is missing: write the energy under which/],
  ["a misspelt field", (m) => { m.energy!.reached_bellow = 1; }, /energy\.reached_bellow is 1: not a field of this format/],
  ["a field too many", (m) => { m.extra = {}; }, /manifest\.json: extra is \{\}: not a field of this format/],
  ["a wrong type", (m) => { m.horizon = "six"; }, /horizon is "six": write the number of actions/],
  ["half a step", (m) => { m.horizon = 5.5; }, /horizon is 5\.5/],
  ["another crop", (m) => { m.image!.crop = "none"; }, /image\.crop is "none": write "center_square"/],
  ["clips", (m) => { m.image!.frames = 2; }, /image\.frames is 2: .*not supported/],
  ["a latent of two dimensions", (m) => { m.latent!.shape = [4, 8]; }, /latent\.shape is \[4,8\]: write \[D\]/],
  ["no latent", (m) => { m.latent!.shape = [0]; }, /latent\.shape\[0\] is 0/],
  ["degrees", (m) => { m.action!.units = ["m", "m", "deg", "1"]; }, /action\.units\[2\] is "deg": degrees are not used/],
  ["units too few", (m) => { m.state!.units = ["m"]; }, /state\.units is \["m"\]: write one value for each of the 7 names/],
  ["another frame", (m) => { m.action!.frame = "camera"; }, /action\.frame is "camera": write "base"/],
  ["a bound that is no number", (m) => { m.action!.low = [null, 0, 0, 0]; }, /action\.low\[0\] is null: write a number/],
  ["an empty box", (m) => { m.action!.low = [-0.04, 0.04, -0.04, 0]; }, /action\.low\[1\] is 0\.04: write a bound below action\.high\[1\], which is 0\.04/],
  ["no period", (m) => { m.action!.period_s = 0; }, /action\.period_s is 0: .*seconds/],
  ["falling quantiles", (m) => { m.energy!.training_quantiles = { p50: 2, p95: 1, p99: 3 }; }, /energy\.training_quantiles is .*must not fall/],
  ["a hash that is none", (m) => { m.files!["rollout.onnx"] = { sha256: "abc", bytes: 1 }; }, /files\["rollout\.onnx"\]\.sha256 is "abc": .*64/],
  ["no false-alarm rate", (m) => { surprising(m, { alpha: 0 }); }, /surprise\.alpha is 0: write a rate between 0 and 1/],
  ["a threshold of nothing", (m) => { surprising(m, { picture: { threshold: 0, frames: 2 } }); }, /surprise\.picture\.threshold is 0: write a threshold above 0/],
  ["a threshold that is no number", (m) => { surprising(m, { goal: { threshold: "high" } }); }, /surprise\.goal\.threshold is "high"/],
  ["an alarm of no picture", (m) => { surprising(m, { energy: { threshold: 1, frames: 0 } }); }, /surprise\.energy\.frames is 0: write how many pictures/],
  ["an unknown detector", (m) => { surprising(m, { smell: {} }); }, /surprise\.smell is \{\}: not a field of this format/],
  ["predictions of another latent", (m) => { surprising(m, { prediction: { ...SURPRISE.prediction, std: [1, 2] } }); }, /surprise\.prediction\.std is \[1,2\]: write one value for each of the 8 entries/],
  ["a spread of nothing", (m) => { surprising(m, { arm: { ...SURPRISE.arm, std: [0] } }); }, /surprise\.arm\.std\[0\] is 0: write a standard deviation above 0/],
  ["an arm's entry that is none", (m) => { surprising(m, { arm: { ...SURPRISE.arm, latent: ["nose"] } }); }, /surprise\.arm\.latent\[0\] is "nose": write one of latent\.readable\.names: tool_x, a/],
  ["a state's value that is none", (m) => { surprising(m, { arm: { ...SURPRISE.arm, state: ["nose"] } }); }, /surprise\.arm\.state\[0\] is "nose": write one of state\.names: ee_x/],
  ["an arm of a latent nobody can read", (m) => { surprising(m, {}); delete m.latent!.readable; }, /surprise\.arm\.latent\[0\] is "tool_x": write one of latent\.readable\.names/],
  ["no source of the thresholds", (m) => { surprising(m, { source: "" }); }, /surprise\.source is "": write which runs were normal/],
  ["no least width", (m) => { m.planning = { ...tinySearch, min_std: 0 }; }, /planning\.min_std is 0: write a share of the box's half width, above 0/],
  ["a least width beyond the box", (m) => { m.planning = { ...tinySearch, min_std: 1.5 }; }, /planning\.min_std is 1\.5: write a share of the box's half width, above 0 to 1/],
  ["half a refinement", (m) => { m.planning = { ...tinySearch, refinement: 0.5 }; }, /planning\.refinement is 0\.5: write the populations of the refinement, a whole number/],
  ["a refinement below none", (m) => { m.planning = { ...tinySearch, refinement: -1 }; }, /planning\.refinement is -1: write the populations of the refinement, 0 for none/],
  ["a search that widens", (m) => { m.planning = { ...tinySearch, exploration_floor: 1.5 }; }, /planning\.exploration_floor is 1\.5: write a share above 0, to 1/],
  ["proposals without a policy", (m) => { m.planning = { ...tinySearch, proposals: 0.2 }; }, /planning\.proposals is 0\.2: there is no files\["proposal\.onnx"\]/],
  ["a share above a half", (m) => { withPolicy(m, 0.51); }, /planning\.proposals is 0\.51: write a share from 0 to 0\.5/],
  ["a share below 0", (m) => { withPolicy(m, -0.1); }, /planning\.proposals is -0\.1: write a share from 0 to 0\.5/],
  ["a least state alone", (m) => { m.state!.low = [0, 0, 0, 0, 0, 0, 0]; }, /state\.high is missing: write both of state\.low and state\.high, or neither/],
  ["a largest state alone", (m) => { m.state!.high = [0, 0, 0, 0, 0, 0, 0]; }, /state\.low is missing: write both/],
  ["too few bounds of the state", (m) => { Object.assign(m.state!, { low: [0], high: [1] }); }, /state\.low is \[0\]: write one value for each of the 7 names/],
  ["an empty range of the state", (m) => { Object.assign(m.state!, { low: [0, 0, 0, 1, 0, 0, 0], high: [1, 1, 1, 1, 1, 1, 1] }); }, /state\.low\[3\] is 1: write a bound below state\.high\[3\], which is 1/],
  ["Euler angles about moving axes", (m) => { m.state!.euler = "intrinsic_xyz"; }, /state\.euler is "intrinsic_xyz": write "extrinsic_xyz"/],
  ["a gripper nobody knows", (m) => { m.action!.gripper = "closed"; }, /action\.gripper is "closed": write "opening"/],
  ["a share that is no number", (m) => { withPolicy(m, "0.2"); }, /planning\.proposals is "0\.2": write the share of candidates/],
  ["a policy without a hash", (m) => { m.files!["proposal.onnx"] = { bytes: 1 }; }, /files\["proposal\.onnx"\]\.sha256 is missing/],
  ["a graph that nobody knows", (m) => { m.files!["policy.onnx"] = { sha256: "0".repeat(64), bytes: 1 }; }, /files\["policy\.onnx"\] is .*not a field/],
  ["a graph that is not listed", (m) => { delete m.files!["encoder.onnx"]; }, /files\["encoder\.onnx"\] is missing/],
];
for (const [name, spoil, message] of refusals) {
  test(`refused in one line: ${name}`, async () => {
    const manifest = await tinyManifest();
    spoil(manifest);
    assert.throws(() => parseManifest(JSON.stringify(manifest), "tiny"), (error: unknown) => {
      assert.ok(error instanceof BundleError);
      assert.match(error.message, message);
      assert.match(error.message, /^bundle tiny: manifest\.json: .*$/);
      return true;
    });
  });
}

test("what is not JSON, or not an object, is refused", () => {
  assert.throws(() => parseManifest("{\n oops", "tiny"), /^BundleError: bundle tiny: manifest\.json is not JSON \(.*\): export the bundle again$/);
  assert.throws(() => parseManifest("3", "tiny"), /the manifest is 3: write the manifest as one JSON object/);
});
