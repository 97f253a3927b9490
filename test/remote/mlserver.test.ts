import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelUnavailable, OnnxWorldModel } from "../../src/world-model/index.js";
import { picture } from "../world-model/fixtures.js";
import { ChildServer } from "./child-server.js";
import { mlserver, NO_MLSERVER, servingPython, SHIPPED, writeRepository } from "./servers.js";

/** Of a run, for a machine with other work (ms). */
const TIMEOUT_MS = 5000;
const TOLERANCE = 1e-4;
const IMAGE = picture(96, 96, 120, [{ x: 30, y: 50, size: 10, rgb: [220, 40, 30] }]);

describe("MLServer with the shipped bundle", { skip: NO_MLSERVER, timeout: 400_000 }, () => {
  let folder: string;
  let repository: string;
  let server: ChildServer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "jepa-mpc-mlserver-"));
    repository = join(folder, "repository");
    writeRepository(SHIPPED, repository);
    server = await ChildServer.start(SHIPPED, folder, mlserver(repository));
  });

  after(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const remote = (timeoutMs = TIMEOUT_MS): Promise<OnnxWorldModel> => OnnxWorldModel.load(SHIPPED, { inference: { server: server.address, timeoutMs } });

  async function comesBack(model: OnnxWorldModel): Promise<void> {
    const endMs = performance.now() + 60_000;
    for (;;) {
      try {
        await model.encode(IMAGE);
        return;
      } catch (error) {
        if (!(error instanceof ModelUnavailable) || performance.now() > endMs) throw error;
        await sleep(100);
      }
    }
  }

  test("gives the energies of the local runtime", async () => {
    const [here, there] = [await OnnxWorldModel.load(SHIPPED), await remote()];
    const { horizon, actionDim, latentDim } = here;
    const latent = await here.encode(IMAGE);
    (await there.encode(IMAGE)).forEach((value, i) => assert.ok(Math.abs(value - latent[i]!) <= TOLERANCE, `latent[${i}]`));
    const state = Float32Array.of(0.5, 0.1, 0.2, 0.08, 0, 0, 0);
    const goal = Float32Array.from({ length: latentDim }, (_, i) => Math.cos(i));
    const count = 128;
    const actions = Float32Array.from({ length: count * horizon * actionDim }, (_, i) => i % actionDim === 3 ? i % 2 : 0.04 * Math.sin(1.7 * i));
    const wanted = await here.score(latent, state, actions, count, goal);
    const found = await there.score(latent, state, actions, count, goal);
    assert.ok(wanted.stepEnergies.some((energy) => energy > 0.01));
    found.stepEnergies.forEach((energy, i) => assert.ok(Math.abs(energy - wanted.stepEnergies[i]!) <= TOLERANCE * Math.max(1, wanted.stepEnergies[i]!), `energy[${i}]`));
    assert.ok(Math.abs(found.startEnergy - wanted.startEnergy) <= TOLERANCE * Math.max(1, wanted.startEnergy));
    const noise = Float32Array.from({ length: 4 * horizon * actionDim }, (_, i) => Math.sin(i));
    const proposed = await there.propose!(latent, state, goal, new Float32Array(0), noise, 4);
    (await here.propose!(latent, state, goal, new Float32Array(0), noise, 4)).forEach((value, i) => assert.ok(Math.abs(value - proposed[i]!) <= TOLERANCE, `action[${i}]`));
    await here.close();
    await there.close();
  });

  test("killed: says so; started again: goes on", async () => {
    const model = await remote();
    await model.encode(IMAGE);
    await server.kill();
    await assert.rejects(model.encode(IMAGE), (error: unknown) => error instanceof ModelUnavailable && /^the inference server grpc:\S+ cannot be reached \(.+\)$/.test(error.message));
    await server.run();
    await comesBack(model);
    await model.close();
  });

  test("suspended: the run is given up after its time-out; resumed: goes on", async () => {
    const model = await remote(500);
    await comesBack(model);
    server.signal("SIGSTOP");
    try {
      const begin = performance.now();
      await assert.rejects(model.encode(IMAGE), (error: unknown) => error instanceof ModelUnavailable && /gave no answer about arm-objects-jepa-encoder within 500 ms$/.test(error.message));
      assert.ok(performance.now() - begin < 5000);
    } finally {
      server.signal("SIGCONT");
    }
    await comesBack(model);
    await model.close();
  });

  test("another model is refused by name and version", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    const manifest = JSON.parse(await readFile(join(SHIPPED, "manifest.json"), "utf8")) as { files: Record<string, { sha256: string }> };
    manifest.files["rollout.onnx"]!.sha256 = "0123456789ab".padEnd(64, "0");
    await writeFile(join(other, "manifest.json"), JSON.stringify(manifest));
    const version = String(2 ** 48 + 0x0123456789ab);
    await assert.rejects(OnnxWorldModel.load(other, { inference: { server: server.address } }), (error: unknown) =>
      error instanceof ModelUnavailable && error.message.includes(`does not serve arm-objects-jepa-rollout in version ${version} (NOT_FOUND: `));
  });

  test("a file that is not the one of its version is not served", async () => {
    const spoilt = join(folder, "spoilt");
    writeRepository(SHIPPED, spoilt);
    const model = join(spoilt, "arm-objects-jepa-encoder");
    const version = (await readdir(model)).find((name) => /^\d+$/.test(name))!;
    const file = join(model, version, "model.onnx");
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
    await assert.rejects(ChildServer.start(SHIPPED, folder, mlserver(spoilt)), /has the SHA-256 [0-9a-f]{64}, its model-settings\.json says [0-9a-f]{64}: write the model repository again/);
  });

  test("Triton's own schema reads the configurations", () => {
    const read = servingPython("-c", `
import sys
from pathlib import Path
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2
for file in sorted(Path(sys.argv[1]).glob("*/config.pbtxt")):
    config = text_format.Parse(file.read_text(), model_config_pb2.ModelConfig())
    print(config.name, config.backend, config.max_batch_size, *[f"{t.name}{list(t.dims)}" for t in config.input], sep=" ")
`, repository);
    assert.match(read, /^arm-objects-jepa-encoder onnxruntime 0 pixels\[-1, \d+, \d+, 3\]$/m);
    assert.match(read, /^arm-objects-jepa-rollout onnxruntime 0 latent\[1, \d+\] state\[1, 7\] actions\[-1, \d+, 4\] goal\[1, \d+\]$/m);
  });
});
