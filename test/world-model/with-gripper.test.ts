import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { parseManifest, withGripper } from "../../src/world-model/index.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const shipped = await readFile(join(ROOT, "models", "arm-objects-jepa", "manifest.json"), "utf8");

test("the shipped bundle's gripper is open at 8 cm and closed at 0, and nothing else changes", () => {
  const manifest = parseManifest(shipped, "shipped");
  const { names, mean, std } = manifest.latent.readable!;
  const latent = Float32Array.from(names, (_, i) => 0.1 * i);
  for (const [gripper, openingM] of [["open", 0.08], ["closed", 0]] as const) {
    const changed = withGripper(latent, manifest, gripper);
    names.forEach((name, i) => {
      if (name === "opening") assert.ok(Math.abs(mean[i]! + std[i]! * changed[i]! - openingM) < 1e-8, gripper);
      else assert.equal(changed[i], latent[i], name);
    });
  }
  assert.deepEqual([...latent], names.map((_, i) => Math.fround(0.1 * i)), "the latent that was given stays");
});

test("a bundle that does not say where the gripper is refuses", () => {
  const json = JSON.parse(shipped) as { latent: { readable?: { gripper?: unknown } }; surprise?: unknown };
  delete json.latent.readable!.gripper;
  const without = parseManifest(JSON.stringify(json), "x");
  assert.throws(() => withGripper(new Float32Array(10), without, "closed"), /bundle arm-objects-jepa cannot be told that the gripper is closed: its manifest has no latent\.readable\.gripper/);
  delete json.latent.readable;
  // Its arm entries are named after those of the latent.
  delete json.surprise;
  assert.throws(() => withGripper(new Float32Array(10), parseManifest(JSON.stringify(json), "x"), "open"), /cannot be told that the gripper is open/);
});

test("a manifest whose gripper is no entry of the latent is refused", () => {
  const refused = (gripper: object, why: RegExp): void => {
    const json = JSON.parse(shipped) as { latent: { readable: object } };
    json.latent.readable = { ...json.latent.readable, gripper };
    assert.throws(() => parseManifest(JSON.stringify(json), "x"), why);
  };
  refused({ name: "finger", open: 1, closed: 0 }, /latent\.readable\.gripper\.name is "finger": write one of latent\.readable\.names: tool_x/);
  refused({ name: "opening", open: 1, closed: 1 }, /latent\.readable\.gripper\.closed is 1: write another value than for open/);
  refused({ name: "opening", open: 1 }, /latent\.readable\.gripper\.closed is missing: write the entry's value with the gripper closed/);
});
