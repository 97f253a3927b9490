import assert from "node:assert/strict";
import { test } from "node:test";
import { servedModel } from "../../src/world-model/backends/kserve/served-model.js";
import { parseServerAddress } from "../../src/world-model/backends/kserve/server-address.js";

// training/tests/test_model_repository.py has the same numbers.
test("a graph is called by its bundle and kind, and its version is the beginning of its SHA-256", () => {
  const sha256 = `00000000002a${"f".repeat(52)}`;
  assert.deepEqual(servedModel("arm objects/jepa", "rollout.onnx", sha256), { name: "arm-objects-jepa-rollout", version: String(2 ** 48 + 42), file: "rollout.onnx" });
  assert.equal(servedModel("a", "encoder.onnx", `ffffffffffff${"0".repeat(52)}`).version, String(2 ** 49 - 1));
});

test("addresses of servers", () => {
  assert.deepEqual(parseServerAddress("grpc://127.0.0.1:8001"), { text: "grpc://127.0.0.1:8001", target: "127.0.0.1:8001", tls: false });
  assert.equal(parseServerAddress("grpc://[::1]:8001").target, "[::1]:8001");
  assert.equal(parseServerAddress("grpc://localhost:8001").target, "localhost:8001");
  assert.deepEqual(parseServerAddress("grpcs://gpu.lab:443"), { text: "grpcs://gpu.lab:443", target: "gpu.lab:443", tls: true });
  assert.equal(parseServerAddress("grpc://10.0.0.5:8001", { allowPlainText: true }).tls, false);
  for (const text of ["", "gpu:8001", "http://gpu:8001", "grpc://gpu", "grpc://gpu:0", "grpc://gpu:70000", "grpc://gpu:8001/models", "grpc://a b:1", "grpc://-x:1"]) {
    assert.throws(() => parseServerAddress(text, { allowPlainText: true }), /^RangeError: inference server ".*" is no address: give grpc:\/\/host:port, or grpcs:/, text);
  }
});

test("another machine is spoken to in the clear only on demand", () => {
  for (const host of ["10.0.0.5", "gpu.lab", "localhost.evil.example", "[::2]", "128.0.0.1", "127.0.0.1.evil.example"]) {
    assert.throws(() => parseServerAddress(`grpc://${host}:8001`), /is on another machine, and grpc:\/\/ is not encrypted: give grpcs:\/\/, or allow plain text/, host);
  }
});
