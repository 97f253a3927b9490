import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readFields, writeFields } from "../../bench/protobuf.js";
import { BundleError, graphSha256, loadBundle, OnnxRuntimeBackend, parseManifest } from "../../src/world-model/index.js";
import { spoiltBundle, tinyBundle, tinyManifest, type LooseManifest } from "./fixtures.js";

const backend = new OnnxRuntimeBackend();
const SIDE = "rollout.onnx.data0";
/** Field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, and of TensorProto. */
const [GRAPH, INITIALIZER] = [7, 5];
const [RAW_DATA, EXTERNAL_DATA, DATA_LOCATION, EXTERNAL] = [9, 13, 14, 1];
/** Smaller ones are shapes and axes, which the runtime wants at hand. */
const ASIDE_FROM_BYTES = 64;

/** The graph with its large weights in a side file. */
function putAside(onnx: Uint8Array, side: string): { graph: Uint8Array; weights: Uint8Array } {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const inTensor = (tensor: Uint8Array): Uint8Array => {
    const fields = readFields(tensor);
    const raw = fields.find(({ number }) => number === RAW_DATA)?.value;
    if (!(raw instanceof Uint8Array) || raw.length < ASIDE_FROM_BYTES) return tensor;
    const external = { location: side, offset: String(offset), length: String(raw.length) };
    parts.push(raw);
    offset += raw.length;
    return writeFields(
      ...fields.filter(({ number }) => number !== RAW_DATA).map(({ number, value }) => [number, value] as const),
      ...Object.entries(external).map(([key, value]) => [EXTERNAL_DATA, writeFields([1, key], [2, value])] as const),
      [DATA_LOCATION, EXTERNAL],
    );
  };
  const change = (message: Uint8Array, number: number, how: (part: Uint8Array) => Uint8Array): Uint8Array =>
    writeFields(...readFields(message).map((field) => [field.number, field.number === number && field.value instanceof Uint8Array ? how(field.value) : field.value] as const));
  const graph = change(onnx, GRAPH, (inner) => change(inner, INITIALIZER, inTensor));
  return { graph, weights: Buffer.concat(parts) };
}

const entryOf = (bytes: Uint8Array) => ({ sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length });

/** The tiny bundle, whose roll-out has its weights in a side file. */
async function bundleWithSideFile(spoil: (manifest: LooseManifest) => void = () => undefined): Promise<string> {
  const { graph, weights } = putAside(await readFile(join(tinyBundle, "rollout.onnx")), SIDE);
  assert.ok(weights.length > 0);
  const directory = await spoiltBundle((manifest) => {
    manifest.files!["rollout.onnx"] = { ...entryOf(graph), side_files: [{ name: SIDE, ...entryOf(weights) }] };
    spoil(manifest);
  });
  await writeFile(join(directory, "rollout.onnx"), graph);
  await writeFile(join(directory, SIDE), weights);
  return directory;
}

/** Energies [2, 6] of two candidates. */
async function energies(directory: string): Promise<Float32Array> {
  const { encoder, rollout } = await loadBundle(directory, backend);
  const energy = new Float32Array(12);
  await rollout.run({
    latent: { data: new Float32Array(8).fill(0.2), shape: [1, 8] }, state: { data: new Float32Array(7), shape: [1, 7] },
    actions: { data: new Float32Array(48).map((_, i) => (i % 5) / 100), shape: [2, 6, 4] }, goal: { data: new Float32Array(8), shape: [1, 8] },
  }, { energy: { data: energy, shape: [2, 6] } });
  await encoder.close();
  await rollout.close();
  return energy;
}

async function refused(directory: string, message: RegExp): Promise<void> {
  await assert.rejects(loadBundle(directory, backend), (error: unknown) => error instanceof BundleError && message.test(error.message) && !error.message.includes("\n"));
}

test("weights in a listed side file run as those in the graph", async () => {
  assert.deepEqual(await energies(await bundleWithSideFile()), await energies(tinyBundle));
});

test("a side file that is missing, changed or longer is refused by its name", async () => {
  const missing = await bundleWithSideFile();
  await rm(join(missing, SIDE));
  await refused(missing, /rollout\.onnx\.data0 cannot be read/);
  const longer = await bundleWithSideFile();
  await appendFile(join(longer, SIDE), "x");
  await refused(longer, /rollout\.onnx\.data0 has \d+ bytes, the manifest says \d+/);
  const changed = await bundleWithSideFile();
  const bytes = await readFile(join(changed, SIDE));
  bytes[0]! ^= 1;
  await writeFile(join(changed, SIDE), bytes);
  await refused(changed, /rollout\.onnx\.data0 has the SHA-256 [0-9a-f]{64}, the manifest says/);
});

test("weights in a file that is not listed are not looked for, nor is a file outside of the bundle", async () => {
  const unlisted = await bundleWithSideFile((manifest) => { delete (manifest.files!["rollout.onnx"] as { side_files?: unknown }).side_files; });
  await refused(unlisted, /rollout\.onnx cannot be loaded/);
  for (const name of ["../rollout.onnx.data0", "/etc/passwd", ".hidden", ""]) {
    await refused(await bundleWithSideFile((manifest) => {
      (manifest.files!["rollout.onnx"] as { side_files: { name: string }[] }).side_files[0]!.name = name;
    }), /files\["rollout\.onnx"\]\.side_files\[0\]\.name is ".*": write/);
  }
});

test("other weights are another encoder, though the graph's file is the same", async () => {
  const manifest = parseManifest(JSON.stringify(await tinyManifest()), "tiny");
  const plain = manifest.files["encoder.onnx"];
  assert.equal(graphSha256(plain), plain.sha256);
  const side = (digit: string) => graphSha256({ ...plain, side_files: [{ name: "a", bytes: 1, sha256: digit.repeat(64) }] });
  assert.match(side("0"), /^[0-9a-f]{64}$/);
  assert.equal(new Set([plain.sha256, side("0"), side("1")]).size, 3);
});
