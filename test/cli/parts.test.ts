import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { findBundleDir } from "../../src/cli/bundle-dir.js";
import { parseNumber, parseNumbers } from "../../src/cli/numbers.js";
import { table } from "../../src/cli/print.js";
import { rosArguments } from "../../src/cli/ros-arguments.js";
import { UsageError } from "../../src/cli/usage-error.js";

test("numbers are taken whole or refused", () => {
  const range = { min: -10, max: 10 };
  for (const [text, value] of [["1", 1], ["-2.5", -2.5], [".5", 0.5], ["1e-1", 0.1], ["+3.", 3]] as const) {
    assert.equal(parseNumber("--x", text, range), value);
  }
  for (const text of ["", " ", "1a", "0x10", "1,5", "NaN", "Infinity", "11", "--1", "1e99"]) {
    assert.throws(() => parseNumber("--x", text, range), UsageError, text);
  }
  assert.throws(() => parseNumber("--x", "1.5", { ...range, whole: true }), /--x "1.5" is not a whole number from -10 to 10/);
  assert.deepEqual(parseNumbers("--s", "1,-2", ["a", "b"]), new Float32Array([1, -2]));
  assert.throws(() => parseNumbers("--s", "1,,2", ["a", "b", "c"]), /--s \(b\) ""/);
});

test("tables are aligned and have no trailing space", () => {
  assert.deepEqual(table([["a", "bb", ""], ["ccc", "1", "x"]], ["left", "right"]), ["a    bb", "ccc   1  x"]);
});

test("ROS arguments: the file first, then options, then what the user wrote", () => {
  assert.deepEqual(
    rosArguments("/p.yaml", [{ name: "bundle", text: "/models/a" }, { name: "seed", integer: 3 }, { name: "realtime_factor", double: 2 }], ["-r", "a:=b"]),
    ["--ros-args", "--params-file", "/p.yaml", "-p", "bundle:=/models/a", "-p", "seed:=3", "-p", "realtime_factor:=2.0", "-r", "a:=b"],
  );
  assert.deepEqual(rosArguments(undefined, [], ["--ros-args", "-p", "x:=1"]), ["--ros-args", "-p", "x:=1"]);
  // What YAML would read as something else is put in quotes.
  assert.deepEqual(
    rosArguments(undefined, ["/a b's", "12", "true", "/x: y"].map((text) => ({ name: "p", text })), []).filter((argument) => argument.startsWith("p:")),
    ["p:='/a b''s'", "p:='12'", "p:='true'", "p:='/x: y'"],
  );
});

test("the bundle: option, environment, then the newest in models/", async () => {
  const models = await mkdtemp(join(tmpdir(), "jepa-mpc-models-"));
  try {
    assert.throws(() => findBundleDir(undefined, {}, models), /there is no world-model bundle in/);
    assert.throws(() => findBundleDir(undefined, {}, join(models, "missing")), /there is no world-model bundle in/);
    for (const [name, manifest] of [["old", { created: "2025-01-01" }], ["new", { created: "2026-02-02" }], ["damaged", "{"]] as const) {
      await mkdir(join(models, name));
      await writeFile(join(models, name, "manifest.json"), typeof manifest === "string" ? manifest : JSON.stringify(manifest));
    }
    await mkdir(join(models, "no-bundle"));
    assert.equal(findBundleDir(undefined, {}, models), join(models, "new"));
    assert.equal(findBundleDir("old", {}, models), join(models, "old"), "a name in models/");
    assert.equal(findBundleDir(join(models, "old"), {}, models), join(models, "old"));
    assert.equal(findBundleDir(undefined, { JEPA_MPC_BUNDLE: "old" }, models), join(models, "old"));
    assert.equal(findBundleDir("new", { JEPA_MPC_BUNDLE: "old" }, models), join(models, "new"));
    assert.throws(() => findBundleDir("no-bundle", {}, models), /--bundle "no-bundle" is no bundle .*there are: damaged, old, new/);
    assert.throws(() => findBundleDir("../models/none", {}, models), /is no bundle/);
    assert.throws(() => findBundleDir(undefined, { JEPA_MPC_BUNDLE: "x" }, models), /^Error: JEPA_MPC_BUNDLE "x"/);
  } finally {
    await rm(models, { recursive: true, force: true });
  }
});
