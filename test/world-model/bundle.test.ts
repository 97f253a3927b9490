import assert from "node:assert/strict";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkProposal, checkRollout } from "../../src/world-model/graph-contract.js";
import type { Backend } from "../../src/world-model/backends/types.js";
import { BundleError, checkProvider, executionProviders, loadBundle, OnnxRuntimeBackend, parseManifest, ProviderError, readManifest } from "../../src/world-model/index.js";
import { proposingBundle, spoiltBundle, tinyBundle, tinyManifest } from "./fixtures.js";

const backend = new OnnxRuntimeBackend();

async function refused(directory: string, message: RegExp, by: Backend = backend): Promise<void> {
  await assert.rejects(loadBundle(directory, by), (error: unknown) => {
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
  assert.ok(!("proposal" in bundle));
  await bundle.encoder.close();
  await bundle.rollout.close();
});

test("a bundle with a policy is loaded with it; a policy that is not listed is not looked at", async () => {
  const bundle = await loadBundle(await proposingBundle(), backend);
  assert.deepEqual(bundle.proposal?.inputs.map(({ name }) => name), ["latent", "state", "goal", "committed", "fixed", "noise"]);
  for (const graph of [bundle.encoder, bundle.rollout, bundle.proposal]) await graph.close();

  const unlisted = await loadBundle(await proposingBundle((m) => {
    delete m.files!["proposal.onnx"];
    delete m.planning;
  }), backend);
  assert.equal(unlisted.proposal, undefined);
  for (const graph of [unlisted.encoder, unlisted.rollout]) await graph.close();
});

/** ONNX Runtime, with a count of the graphs that are open. */
function counting(): Backend & { open: number; loaded: number } {
  const counts = {
    open: 0,
    loaded: 0,
    load: async (onnx: Uint8Array) => {
      const graph = await backend.load(onnx);
      counts.open++;
      counts.loaded++;
      const { inputs, outputs } = graph;
      return {
        inputs, outputs, run: graph.run.bind(graph),
        close: async () => {
          counts.open--;
          await graph.close();
        },
      };
    },
  };
  return counts;
}

test("a policy that is missing, changed, no graph or another one is refused, and no graph stays open", async () => {
  const missing = await proposingBundle();
  await rm(join(missing, "proposal.onnx"));
  const longer = await proposingBundle();
  await appendFile(join(longer, "proposal.onnx"), "x");
  const changed = await proposingBundle();
  const bytes = await readFile(join(changed, "proposal.onnx"));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(join(changed, "proposal.onnx"), bytes);
  const text = "no graph\n";
  const noGraph = await proposingBundle((m) => {
    m.files!["proposal.onnx"] = { sha256: "ab8c0bedaa21407d11d2b0afe182d5864090b4cc2c933b177220ff5a4cff91d1", bytes: text.length };
  });
  await writeFile(join(noGraph, "proposal.onnx"), text);
  const rollout = await proposingBundle((m) => { m.files!["proposal.onnx"] = m.files!["rollout.onnx"]; });
  await writeFile(join(rollout, "proposal.onnx"), await readFile(join(rollout, "rollout.onnx")));

  const cases: [directory: string, message: RegExp, loaded: number][] = [
    [missing, /proposal\.onnx cannot be read/, 2],
    [longer, /proposal\.onnx has \d+ bytes, the manifest says \d+: copy or export/, 2],
    [changed, /proposal\.onnx has the SHA-256 [0-9a-f]{64}, the manifest says [0-9a-f]{64}/, 2],
    [noGraph, /proposal\.onnx cannot be loaded \(.+\): export the bundle again/, 2],
    [rollout, /proposal\.onnx: input actions is unknown: the inputs must be latent, state, goal, committed, fixed, noise$/, 3],
  ];
  for (const [directory, message, loaded] of cases) {
    const counts = counting();
    await refused(directory, message, counts);
    assert.deepEqual([counts.loaded, counts.open], [loaded, 0], message.source);
  }
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

test("a policy with other inputs, shapes, types or a fixed number of candidates is refused", async () => {
  const manifest = parseManifest(JSON.stringify(await tinyManifest()), "tiny");
  const tensor = (name: string, shape: (number | string)[], type = "float32") => ({ name, type, shape });
  const inputs = [
    tensor("latent", [1, 8]), tensor("state", [1, 7]), tensor("goal", [1, 8]), tensor("committed", [6, 4]), tensor("fixed", [6]), tensor("noise", ["n", 6, 4]),
  ];
  const outputs = [tensor("actions", ["n", 6, 4])];
  const given = (changed: ReturnType<typeof tensor>) => inputs.map((input) => input.name === changed.name ? changed : input);
  checkProposal(manifest, { inputs, outputs }, "tiny");
  assert.throws(() => checkProposal(manifest, { inputs: [...inputs, tensor("time", [1])], outputs }, "tiny"), /^BundleError: bundle tiny: proposal\.onnx: input time is unknown/);
  for (const { name } of inputs) {
    assert.throws(() => checkProposal(manifest, { inputs: inputs.filter((input) => input.name !== name), outputs }, "tiny"), new RegExp(`proposal\\.onnx: input ${name} is missing`));
  }
  for (const wrong of [
    tensor("latent", [1, 9]), tensor("state", [1, 6]), tensor("goal", [2, 8]), tensor("committed", [1, 6, 4]), tensor("fixed", [5]), tensor("noise", ["n", 6, 3]),
    tensor("fixed", [6], "bool"),
  ]) {
    const shown = `input ${wrong.name} is ${wrong.type} \\[${wrong.shape.join(", ")}\\]: the manifest's latent, state, action and horizon say`;
    assert.throws(() => checkProposal(manifest, { inputs: given(wrong), outputs }, "tiny"), new RegExp(shown));
  }
  assert.throws(() => checkProposal(manifest, { inputs, outputs: [] }, "tiny"), /output actions is missing/);
  assert.throws(() => checkProposal(manifest, { inputs, outputs: [tensor("actions", ["n", 6])] }, "tiny"), /output actions is float32 \[n, 6\]: .*\[any, 6, 4\]/);
  assert.throws(() => checkProposal(manifest, { inputs: given(tensor("noise", [25, 6, 4])), outputs }, "tiny"),
    /proposal\.onnx: input noise takes exactly 25 candidates: export it with a dynamic first dimension/);
});

test("the number of threads is checked", () => {
  assert.throws(() => new OnnxRuntimeBackend({ threads: 0 }), /threads is 0/);
});

test("a provider that the build has not is refused with those that it has", () => {
  const known = [{ name: "cpu", bundled: true }, { name: "cuda", bundled: false }, { name: "tensorrt", bundled: false }];
  checkProvider("cuda", known);
  assert.throws(() => checkProvider("openvino", known), (error: unknown) => {
    assert.ok(error instanceof ProviderError);
    assert.equal(error.message, 'execution provider "openvino" is not in this build of ONNX Runtime: choose one of cpu, cuda, tensorrt (the libraries of cuda and tensorrt are installed apart)');
    return true;
  });
  assert.ok(executionProviders().some(({ name, bundled }) => name === "cpu" && bundled));
  assert.throws(() => new OnnxRuntimeBackend({ provider: "CPU" }), /execution provider "CPU" is not in this build of ONNX Runtime: choose one of cpu/);
});

test("a provider whose libraries or device are not there says so, whatever the bundle", async (t) => {
  const apart = executionProviders().find(({ bundled }) => !bundled);
  if (apart === undefined) return t.skip("all providers of this build are bundled");
  let started = true;
  try {
    const { encoder, rollout } = await loadBundle(tinyBundle, new OnnxRuntimeBackend({ provider: apart.name }));
    await encoder.close();
    await rollout.close();
  } catch (error) {
    started = false;
    assert.ok(error instanceof ProviderError, String(error));
    assert.match(error.message, new RegExp(`^execution provider ${apart.name} does not start here \\(.+\\): install what it needs, or choose cpu$`));
  }
  if (started) t.skip(`${apart.name} is installed here`);
});

test("threads, spinning or not, give the same numbers", async () => {
  const answers: Float32Array[] = [];
  for (const options of [{}, { threads: 2 }, { threads: 2, spinning: true }]) {
    const bundle = await loadBundle(tinyBundle, new OnnxRuntimeBackend(options));
    const latent = new Float32Array(8);
    await bundle.encoder.run({ pixels: { data: new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7) % 256), shape: [1, 64, 64, 3] } }, { latent: { data: latent, shape: [1, 8] } });
    answers.push(latent);
    await bundle.encoder.close();
    await bundle.rollout.close();
  }
  for (const answer of answers) answer.forEach((value, i) => assert.ok(Math.abs(value - answers[0]![i]!) < 1e-6));
});
