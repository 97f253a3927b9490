import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { FAULTS } from "../../bench/faults/catalogue.js";
import { Rig } from "../../bench/faults/rig.js";
import { runFault } from "../../bench/faults/run-fault.js";
import { graphEnv, SKIP } from "./graph.js";

/** Reactions may take so many times longer than on a machine with time to spare; how fast they are is for the bench to say. */
const SLACK = 15;

// The quick part of bench/faults.ts, which makes docs/faults.md.
describe("faults on the running graph", { skip: SKIP, timeout: 600_000 }, () => {
  let rig: Rig;

  before(async () => {
    rig = await Rig.start(graphEnv());
  });

  after(async () => {
    await rig?.close();
  });

  for (const fault of FAULTS.filter(({ quick }) => quick === true)) {
    it(`${fault.name}: ${fault.what}`, async () => {
      const outcome = await runFault(rig, fault, { slack: SLACK, judgeAcceleration: false });
      assert.deepEqual(outcome.problems, [], JSON.stringify({ ...outcome, fault: undefined }));
    });
  }
});
