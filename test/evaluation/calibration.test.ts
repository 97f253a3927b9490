import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fitTurn } from "../../src/calibration/index.js";
import { cellOf } from "../../src/evaluation/cell.js";
import { calibrateSimulated, SIMULATED_PIVOT_M } from "../../src/evaluation/calibrate-simulated.js";
import { evaluate } from "../../src/evaluation/evaluate.js";
import type { Turn } from "../../src/robot/frame-turn.js";

/** A model whose axes go with the camera. */
const ANY_CAMERA = join("models", "extra", "arm-anycamera");
const DEGREES = 180 / Math.PI;
const TURN_RAD = 80 / DEGREES;
const EPISODES = 6;

/** The small model stops some centimetres early now and then; without the turn it does not get near at all. */
const NEAR_M = 0.05;

/** How many episodes end near the goal. */
async function reached(modelTurn?: Turn): Promise<number> {
  let near = 0;
  await evaluate({
    bundleDirectory: ANY_CAMERA, planner: { kind: "icem", options: {} }, oracle: { planner: { kind: "icem", options: {} }, horizon: 4 }, explorationFloor: 1,
    workers: 1, jobs: Array.from({ length: EPISODES }, (_, seed) => ({ cell: cellOf("reach", "cube", "plain", "jepa"), seed: 300 + seed })),
    cameraTurnRad: TURN_RAD, ...(modelTurn === undefined ? {} : { modelTurn }),
    onEpisode: ({ record }) => { if (record.final_distance_m < NEAR_M) near++; },
  });
  return near;
}

test("with the camera turned by 80 degrees the arm reaches again what it had lost, after ten moves through the controller", async () => {
  const { fit, moves } = await calibrateSimulated({ bundleDirectory: ANY_CAMERA, cameraTurnRad: TURN_RAD, seed: 4 });
  assert.ok(Math.abs(fit.angleRad - TURN_RAD) < 5 / DEGREES, `${DEGREES * fit.angleRad} degrees`);
  assert.deepEqual(fitTurn(moves), fit, "the moves that are kept tell the same again");
  for (const { true: made } of moves) assert.ok(Math.hypot(...made) < 0.18, "small moves");
  const [turned, calibrated] = [await reached(), await reached({ angleRad: fit.angleRad, pivotM: SIMULATED_PIVOT_M })];
  assert.ok(calibrated >= EPISODES - 1, `${calibrated} of ${EPISODES} with the calibration`);
  assert.ok(turned <= 2, `${turned} of ${EPISODES} without it`);
});
