import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { type InferenceOptions, ModelUnavailable, OnnxWorldModel } from "../../src/world-model/index.js";
import { picture, proposingBundle, spoiltBundle, tinyBundle } from "./fixtures.js";
import { InferenceServer } from "./inference-server.js";

const SHIPPED = join("models", "arm-objects-jepa");
/** Long enough for a busy machine, short enough to wait for. */
const TIMEOUT_MS = 1500;
/** Energies on a server and here may differ by so much; with the same runtime they do not differ at all. */
const TOLERANCE = 1e-4;

/** What the tiny bundle's encoder understands: a square of each colour. */
const SQUARES = picture(64, 64, 0, [{ x: 10, y: 30, size: 6, rgb: [255, 0, 0] }, { x: 4, y: 50, size: 6, rgb: [0, 255, 0] }, { x: 50, y: 50, size: 6, rgb: [0, 0, 255] }]);

/** Numbers between -1 and 1 without a generator's state. */
function numbers(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * salt));
}

function assertNear(found: Float32Array, wanted: Float32Array, what: string): void {
  assert.equal(found.length, wanted.length, what);
  found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]!) <= TOLERANCE * Math.max(1, Math.abs(wanted[i]!)), `${what}[${i}]: ${value} and ${wanted[i]}`));
}

async function unavailable(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof ModelUnavailable, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n") && !error.message.endsWith("."), error.message);
    return true;
  });
}

test("a served bundle gives what the bundle gives here: latent, features, energies, states, next latent, proposals", async () => {
  for (const bundle of [SHIPPED, await proposingBundle()]) {
    const server = await InferenceServer.start(bundle);
    const [here, there] = [await OnnxWorldModel.load(bundle), await OnnxWorldModel.load(bundle, { inference: { server: server.address } })];
    const image = picture(120, 90, 0, [
      { x: 40, y: 30, size: 12, rgb: [200, 30, 40] }, { x: 60, y: 60, size: 12, rgb: [20, 230, 40] }, { x: 30, y: 70, size: 12, rgb: [20, 30, 240] },
    ]);
    const { manifest, latentDim, horizon, actionDim } = here;
    const latent = await here.encode(image);
    assertNear(await there.encode(image), latent, "latent");
    assert.equal(there.encodeWithFeatures === undefined, here.encodeWithFeatures === undefined);
    if (here.encodeWithFeatures !== undefined) assertNear((await there.encodeWithFeatures!(image)).features, (await here.encodeWithFeatures(image)).features, "features");
    const state = Float32Array.from(manifest.state.names, (_, i) => 0.1 * (i + 1));
    const goal = numbers(latentDim, 1);
    for (const count of [1, 33]) {
      const actions = numbers(count * horizon * actionDim, 2).map((value) => 0.04 * value);
      const [wanted, found] = [await here.scoreWithStates!(latent, state, actions, count, goal), await there.scoreWithStates!(latent, state, actions, count, goal)];
      assertNear(found.stepEnergies, wanted.stepEnergies, "energies");
      assertNear(found.states, wanted.states, "states");
      assert.ok(Math.abs(found.startEnergy - wanted.startEnergy) <= TOLERANCE * Math.max(1, wanted.startEnergy));
    }
    const noise = numbers(5 * horizon * actionDim, 3);
    assertNear(await there.propose!(latent, state, goal, new Float32Array(actionDim), noise, 5), (await here.propose!(latent, state, goal, new Float32Array(actionDim), noise, 5)).slice(), "proposals");
    assert.equal(there.predict === undefined, here.predict === undefined);
    if (here.predict !== undefined) assertNear(await there.predict!(latent, state, new Float32Array(actionDim)), await here.predict(latent, state, new Float32Array(actionDim)), "next latent");
    assert.equal(server.mostAtOnce, 1);
    await here.close();
    await there.close();
    await server.close();
  }
});

test("the robot's side needs the manifest and nothing else of the bundle", async () => {
  const server = await InferenceServer.start(tinyBundle);
  const bare = await spoiltBundle(() => undefined);
  for (const file of ["encoder.onnx", "rollout.onnx"]) await rm(join(bare, file));
  const model = await OnnxWorldModel.load(bare, { inference: { server: server.address } });
  assert.equal((await model.encode(SQUARES)).length, 8);
  await model.close();
  await server.close();
});

describe("a server that is lost, slow or has another model", () => {
  let server: InferenceServer;
  let model: OnnxWorldModel | undefined;
  const inference = (options: Partial<InferenceOptions> = {}): InferenceOptions => ({ server: server.address, timeoutMs: TIMEOUT_MS, ...options });
  const encode = (): Promise<Float32Array> => model!.encode(SQUARES);
  /** Asks until there is an answer, as the controller does. */
  async function comesBack(): Promise<void> {
    const endMs = performance.now() + 20_000;
    for (;;) {
      try {
        await encode();
        return;
      } catch (error) {
        if (!(error instanceof ModelUnavailable) || performance.now() > endMs) throw error;
        await sleep(50);
      }
    }
  }

  before(async () => { server = await InferenceServer.start(tinyBundle); });
  afterEach(async () => {
    server.misbehaviour = {};
    await model?.close();
    model = undefined;
  });
  after(() => server.close());

  test("lost: says so at once and again without asking, then is looked at anew and goes on", async () => {
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    await encode();
    server.stop();
    await unavailable(encode(), /^the inference server grpc:\/\/127\.0\.0\.1:\d+ cannot be reached \(.+\)$/);
    const begin = performance.now();
    await unavailable(encode(), /cannot be reached/);
    assert.ok(performance.now() - begin < 50, "the pause after a failure asks nobody");
    await server.listen();
    server.asked.length = 0;
    await comesBack();
    assert.deepEqual(server.asked, ["ModelMetadata", "ModelReady", "ModelInfer encoder", "ModelInfer encoder"]);
  });

  test("slow: the run is given up after its time-out, and when the server is quick again it goes on", async () => {
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference({ timeoutMs: 100 }) });
    await encode();
    server.misbehaviour.delayMs = 3000;
    const begin = performance.now();
    await unavailable(encode(), /gave no answer about tiny-encoder within 100 ms$/);
    assert.ok(performance.now() - begin < 1000);
    delete server.misbehaviour.delayMs;
    await comesBack();
  });

  test("the pauses between attempts grow, to two seconds and no further, and begin anew after a success", async () => {
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    server.misbehaviour.loading = true;
    server.misbehaviour.failure = { code: status.UNAVAILABLE, details: "going down" };
    server.asked.length = 0;
    const endMs = performance.now() + 2500;
    while (performance.now() < endMs) {
      await unavailable(encode(), /./);
      await sleep(5);
    }
    // At 0, 0.1, 0.3, 0.7, 1.5 s: five attempts at most, on a slow machine fewer.
    const attempts = server.asked.filter((method) => method === "ModelReady" || method === "ModelInfer encoder").length;
    assert.ok(attempts >= 3 && attempts <= 5, `${attempts}`);
    server.misbehaviour.loading = false;
    delete server.misbehaviour.failure;
    await comesBack();
  });

  test("still loading, or failing at the run: the one is waited for, the other is an error of the run", async () => {
    server.misbehaviour.loading = true;
    await unavailable(OnnxWorldModel.load(tinyBundle, { inference: inference() }), /is still loading tiny-encoder in version \d+$/);
    server.misbehaviour.loading = false;
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    server.misbehaviour.failure = { code: status.INTERNAL, details: "out of\nmemory" };
    await assert.rejects(encode(), (error: Error) => !(error instanceof ModelUnavailable) && /failed at tiny-encoder: out of memory$/.test(error.message));
  });

  test("another model is refused by name with what differs, at the start and when the server comes back with it", async () => {
    const other = await InferenceServer.start(await spoiltBundle((manifest) => {
      // The same graphs under another sum: the server answers for a version that is not asked for.
      (manifest.files!["encoder.onnx"] as { sha256: string }).sha256 = "ab".repeat(32);
    }), {});
    await unavailable(OnnxWorldModel.load(tinyBundle, { inference: inference({ server: other.address }) }), /does not serve tiny-encoder in version \d+ \(NOT_FOUND: Model tiny-encoder with version \d+ not found\)$/);
    await other.close();

    server.misbehaviour.spoilMetadata = (metadata) => { metadata.versions = ["1"]; };
    await unavailable(OnnxWorldModel.load(tinyBundle, { inference: inference() }),
      /has tiny-encoder in version 1, and encoder\.onnx of this bundle is version \d+: serve the model repository of this bundle/);

    server.misbehaviour.spoilMetadata = (metadata) => { metadata.inputs[0] = { ...metadata.inputs[0]!, shape: [-1, 32, 32, 3] }; };
    await assert.rejects(OnnxWorldModel.load(tinyBundle, { inference: inference() }), (error: Error) =>
      error instanceof ModelUnavailable && /tiny-encoder/.test(error.message));
    delete server.misbehaviour.spoilMetadata;

    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    server.misbehaviour.spoilAnswer = (answer) => { answer.model_version = "7"; };
    await unavailable(encode(), /tiny-encoder answered in version 7, not in \d+, which encoder\.onnx of this bundle is$/);
    delete server.misbehaviour.spoilAnswer;
    server.misbehaviour.spoilMetadata = (metadata) => { metadata.outputs.push({ name: "more", datatype: "FP32", shape: [1] }); };
    await sleep(150);
    await unavailable(encode(), /has other inputs or outputs of tiny-encoder than when it was connected/);
    delete server.misbehaviour.spoilMetadata;
    await comesBack();
  });

  test("metadata that contradict the manifest are refused by field", async () => {
    server.misbehaviour.spoilMetadata = (metadata) => { metadata.outputs[0] = { ...metadata.outputs[0]!, datatype: "FP16" }; };
    await assert.rejects(OnnxWorldModel.load(tinyBundle, { inference: inference() }),
      /^BundleError: bundle tiny-bundle at grpc:\/\/127\.0\.0\.1:\d+: encoder\.onnx: output latent is FP16 \[any, 8\]: the manifest's image and latent say float32 \[any, 8\]/);
  });

  test("answers that are no answer to what was asked are refused", async () => {
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    for (const [spoil, message] of [
      [(answer) => { answer.raw_output_contents = []; }, /without raw_output_contents/],
      [(answer) => { answer.outputs[0] = { ...answer.outputs[0]!, name: "other" }; }, /gives no output latent/],
      [(answer) => { answer.outputs[0] = { ...answer.outputs[0]!, shape: [1, 9] }; }, /gives latent as FP32 \[1, 9\] in 32 bytes, and FP32 \[1, 8\] was asked for/],
      [(answer) => { answer.raw_output_contents[0] = new Uint8Array(31); }, /in 31 bytes/],
    ] satisfies [NonNullable<typeof server.misbehaviour.spoilAnswer>, RegExp][]) {
      server.misbehaviour.spoilAnswer = spoil;
      await unavailable(encode(), message);
      delete server.misbehaviour.spoilAnswer;
      await comesBack();
    }
  });

  test("calls that overlap are refused, and so are calls after the end", async () => {
    model = await OnnxWorldModel.load(tinyBundle, { inference: inference() });
    const first = encode();
    await assert.rejects(encode(), /calls must not overlap/);
    await first;
    await model.close();
    await assert.rejects(encode(), /is closed/);
    model = undefined;
  });
});

test("with TLS the server's certificate must come from an authority that is trusted", { skip: spawnSync("openssl", ["version"]).status === 0 ? false : "the openssl command is not there" }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-tls-"));
  const made = (name: string): { readonly key: string; readonly certificate: string } => {
    const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    const { status, stderr } = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return { key, certificate };
  };
  const [own, stranger] = [made("own"), made("stranger")];
  const server = await InferenceServer.start(tinyBundle, { tls: { key: await readFile(own.key), certificate: await readFile(own.certificate) } });
  const load = (rootCertificates?: string) => OnnxWorldModel.load(tinyBundle, {
    inference: { server: `grpcs://localhost:${server.port}`, ...(rootCertificates === undefined ? {} : { rootCertificates }) },
  });
  const model = await load(own.certificate);
  assert.equal((await model.encode(SQUARES)).length, 8);
  await model.close();
  await unavailable(load(stranger.certificate), /cannot be reached \(.*(self.signed|certificate).*\)$/);
  await unavailable(load(), /cannot be reached \(.*(self.signed|certificate).*\)$/);
  await unavailable(OnnxWorldModel.load(tinyBundle, { inference: { server: server.address } }), /cannot be reached/);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test("nobody listens: the start says so after some tries", async () => {
  const server = await InferenceServer.start(tinyBundle);
  const { address } = server;
  await server.close();
  const begin = performance.now();
  await unavailable(OnnxWorldModel.load(tinyBundle, { inference: { server: address } }), /cannot be reached \(.*ECONNREFUSED.*\)$/);
  assert.ok(performance.now() - begin >= 3000);
});

test("a server that comes up a little later is waited for", async () => {
  const server = await InferenceServer.start(tinyBundle);
  server.stop();
  const loading = OnnxWorldModel.load(tinyBundle, { inference: { server: server.address } });
  await sleep(700);
  await server.listen();
  await (await loading).close();
  await server.close();
});

test("options that make no sense are refused", async () => {
  const load = (inference: InferenceOptions) => OnnxWorldModel.load(tinyBundle, { inference });
  await assert.rejects(load({ server: "gpu" }), /is no address/);
  await assert.rejects(load({ server: "grpc://127.0.0.1:1", timeoutMs: 0 }), /time-out of the inference server is 0 ms/);
  await assert.rejects(load({ server: "grpcs://127.0.0.1:1", rootCertificates: "nowhere.pem" }), /root certificates nowhere\.pem cannot be read \(ENOENT.*\): give a PEM file/);
});
