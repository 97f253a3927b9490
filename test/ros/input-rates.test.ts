import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { judgeInputRates } from "../../src/ros/input-rates.js";
import { LEVEL } from "../../src/ros/status-message.js";

const NOMINAL = { spanS: 2, cameraHz: 10, jointStatesHz: 100 };

describe("judgeInputRates", () => {
  it("is satisfied with the nominal rates, and a little less", () => {
    assert.deepEqual(judgeInputRates({ ...NOMINAL, frames: 17, jointStates: 162 }), { level: LEVEL.ok, message: "8.5 pictures and 81.0 joint states a second" });
  });

  it("warns of an input that is slower, and names it with its nominal rate", () => {
    assert.deepEqual(judgeInputRates({ ...NOMINAL, frames: 15, jointStates: 200 }),
      { level: LEVEL.warn, message: "7.5 pictures and 100.0 joint states a second; pictures should come at 10.0 Hz" });
    assert.match(judgeInputRates({ ...NOMINAL, frames: 15, jointStates: 20 }).message, /pictures should come at 10\.0 Hz, joint states should come at 100\.0 Hz$/);
  });

  it("calls an input that does not come at all stale", () => {
    assert.equal(judgeInputRates({ ...NOMINAL, frames: 0, jointStates: 200 }).level, LEVEL.stale);
    assert.equal(judgeInputRates({ ...NOMINAL, frames: 20, jointStates: 0 }).level, LEVEL.stale);
  });
});
