import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { assertOneLine, runCli } from "./run-cli.js";

const PICTURES = ["--start", join("docs", "images", "landscape-start.png"), "--goal", join("docs", "images", "landscape-goal.png")];

test("an execution provider that the build has not is refused in one line with those that it has", async () => {
  const result = await runCli(["plan", ...PICTURES, "--execution-provider", "openvino"]);
  assertOneLine(result, 1, /execution provider "openvino" is not in this build of ONNX Runtime: choose one of cpu/);
});

test("the one that is always there plans", async () => {
  const { code, stdout, stderr } = await runCli(["plan", ...PICTURES, "--execution-provider", "cpu"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /bundle arm-objects-jepa/);
});
