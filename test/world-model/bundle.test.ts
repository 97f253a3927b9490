import assert from "node:assert/strict";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkRollout } from "../../src/world-model/graph-contract.js";
import { BundleError, loadBundle, OnnxRuntimeBackend, parseManifest, readManifest } from "../../src/world-model/index.js";
import { spoiltBundle, tinyBundle, tinyManifest } from "./fixtures.js";

const backend = new OnnxRuntimeBackend();

async function refused(directory: string, message: RegExp): Promise<void> {
  await assert.rejects(loadBundle(directory, backend), (error: unknown) => {
    assert.ok(error instanceof BundleError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

test("a bundle that holds is loaded", async () => {
  const bundle = await loadBundle(tinyBundle, backend);
  assert.equal(bundle.name, "tiny-bundle");
  assert.equal((await readManifest(tinyBundle)).name, "tiny");
  assert.deepEqual(bundle.rollout.inputs.map(({ name }) => name), ["latent", "state", "actions", "goal"]);
  await bundle.encoder.close();
  await bundle.rollout.close();
});

test("no bundle, a missing file, a longer file, a changed file and a file that is no graph are refused", async () => {
  await refused(join(tinyBundle, "nothing"), /bundle nothing: manifest\.json cannot be read .*ENOENT/);

  const missing = await spoiltBundle(() => undefined);
  await rm(join(missing, "rollout.onnx"));
  await refused(missing, /rollout\.onnx cannot be read/);

  const longer = await spoiltBundle(() => undefined);
  await appendFile(join(longer, "encoder.onnx"), "x");
  await refused(longer, /encoder\.onnx has \d+ bytes, the manifest says \d+: copy or export/);

  const changed = await spoiltBundle(() => undefined);
  const bytes = await readFile(join(changed, "rollout.onnx"));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(join(changed, "rollout.onnx"), bytes);
  await refused(changed, /rollout\.onnx has the SHA-256 [0-9a-f]{64}, the manifest says [0-9a-f]{64}/);

  const text = "no graph\n";
  const noGraph = await spoiltBundle((manifest) => {
    manifest.files!["encoder.onnx"] = { sha256: "ab8c0bedaa21407d11d2b0afe182d5864090b4cc2c933b177220ff5a4cff91d1", bytes: text.length };
  });
  await writeFile(join(noGraph, "encoder.onnx"), text);
  await refused(noGraph, /encoder\.onnx cannot be loaded \(.+\): export the bundle again/);
});

test("graphs that contradict the manifest are refused by input or output", async () => {
  await refused(await spoiltBundle((m) => { m.image!.width = 32; }),
    /encoder\.onnx: input pixels is uint8 \[batch, 64, 64, 3\]: the manifest's image and latent say uint8 \[any, 64, 32, 3\]/);
  await refused(await spoiltBundle((m) => { m.latent!.shape = [9]; }),
    /encoder\.onnx: output latent is float32 \[batch, 8\]: .*\[any, 9\]/);
  await refused(await spoiltBundle((m) => { m.horizon = 5; }),
    /rollout\.onnx: input actions is float32 \[candidates, 6, 4\]: .*\[any, 5, 4\]/);
  await refused(await spoiltBundle((m) => {
    m.state!.names = ["ee_x"];
    m.state!.units = ["m"];
  }), /rollout\.onnx: input state is float32 \[1, 7\]: .*\[1, 1\]/);
});

test("a roll-out with other inputs, types or a fixed number of candidates is refused", async () => {
  const manifest = parseManifest(JSON.stringify(await tinyManifest()), "tiny");
  const tensor = (name: string, shape: (number | string)[], type = "float32") => ({ name, type, shape });
  const inputs = [tensor("latent", [1, 8]), tensor("state", [1, 7]), tensor("actions", ["n", 6, 4]), tensor("goal", [1, 8])];
  const outputs = [tensor("energy", ["n", 6]), tensor("start_energy", [1]), tensor("final_latent", ["n", "d"]), tensor("final_state", ["n", 7])];
  checkRollout(manifest, { inputs, outputs }, "tiny");
  assert.throws(() => checkRollout(manifest, { inputs: [...inputs, tensor("time", [1])], outputs }, "tiny"), /input time is unknown/);
  assert.throws(() => checkRollout(manifest, { inputs: inputs.slice(1), outputs }, "tiny"), /input latent is missing: export the graph with float32 \[1, 8\]/);
  assert.throws(() => checkRollout(manifest, { inputs, outputs: outputs.slice(1) }, "tiny"), /output energy is missing/);
  const half = inputs.map((input) => input.name === "goal" ? tensor("goal", [1, 8], "float16") : input);
  assert.throws(() => checkRollout(manifest, { inputs: half, outputs }, "tiny"), /input goal is float16 \[1, 8\]/);
  const fixed = inputs.map((input) => input.name === "actions" ? tensor("actions", [256, 6, 4]) : input);
  assert.throws(() => checkRollout(manifest, { inputs: fixed, outputs }, "tiny"), /takes exactly 256 candidates: export it with a dynamic/);
});

test("the number of threads is checked", () => {
  assert.throws(() => new OnnxRuntimeBackend({ threads: 0 }), /threads is 0/);
});
