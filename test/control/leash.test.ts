import assert from "node:assert/strict";
import { test } from "node:test";
import { onLeash } from "../../src/control/leash.js";

test("a setpoint that the joints follow stays as it is, one that has run ahead is fetched back", () => {
  assert.deepEqual([...onLeash([1, 2, -3, -4], [1.04, 2.5, -2.97, -4.5], 0.05)], [1, 2.45, -3, -4.45]);
});
