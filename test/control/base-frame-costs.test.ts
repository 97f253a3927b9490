import assert from "node:assert/strict";
import { test } from "node:test";
import { BaseFrameCosts } from "../../src/control/base-frame-costs.js";
import { KeepOut, TermSet } from "../../src/planner/index.js";
import { FrameTurn } from "../../src/robot/frame-turn.js";

const STATE = ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"];
const ACTION = ["dx", "dy", "dz", "gripper"];
const PIVOT = [0.5, 0] as const;

/** To the left of the middle, in the base frame. */
const ZONE = { shape: "box", centerM: [0.5, 0.15, 0.2], sizeM: [0.1, 0.1, 0.2], rotationRpyRad: [0, 0, 0] } as const;

/** What a zone of weight 1 costs two candidates of one step: one that ends 15 cm along the model's x, one along its y. */
function costs(turnRad: number | undefined): number[] {
  const terms = new TermSet([{ term: new KeepOut([ZONE], 0.03), weight: 1 }], {
    horizon: 1, periodS: 0.2, actionNames: ACTION, low: [-0.04, -0.04, -0.04, 0], high: [0.04, 0.04, 0.04, 1], stateNames: STATE, joints: [],
  });
  terms.begin({ state: Float32Array.of(0.5, 0, 0.2, 0.08, 0, 0, 0) });
  const turn = turnRad === undefined ? undefined
    : { actions: new FrameTurn(ACTION, { angleRad: turnRad, pivotM: PIVOT }), states: new FrameTurn(STATE, { angleRad: turnRad, pivotM: PIVOT }) };
  const states = Float32Array.of(0.65, 0, 0.2, 0.08, 0, 0, 0, 0.5, 0.15, 0.2, 0.08, 0, 0, 0);
  const kept = states.slice();
  const energies = new Float64Array(2);
  (turn === undefined ? terms : new BaseFrameCosts(terms, turn)).add({
    count: 2, horizon: 1, actionDim: 4, from: 0, to: 1, actions: new Float32Array(8), stepEnergies: new Float32Array(2), states,
  }, energies);
  assert.deepEqual(states, kept, "the search's numbers stay as they are");
  return [...energies];
}

test("a zone stays where it is in the base frame, however the model's axes are turned", () => {
  const [ahead, left] = costs(undefined);
  assert.ok(ahead === 0 && left! > 0);
  // A quarter turn: the model's x is the base frame's y.
  const [turnedAhead, turnedLeft] = costs(Math.PI / 2);
  assert.ok(Math.abs(turnedAhead! - left!) < 1e-4 && turnedLeft === 0, `${turnedAhead} ${turnedLeft}`);
  assert.deepEqual(costs(0), costs(undefined));
});
