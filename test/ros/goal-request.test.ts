import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { GOAL_ERROR } from "../../src/ros/goal-error-code.js";
import { GoalRefused } from "../../src/ros/goal-order.js";
import { MAX_SUB_GOALS, readGoalRequest } from "../../src/ros/goal-request.js";

import type { GoalLibrary } from "../../src/goals/goal-library.js";
import type { ReachGoalImageGoal } from "../../src/ros/messages.js";

const MODEL = { name: "small", encoderSha256: "ab".repeat(32), latentDim: 3 };
const NO_LIBRARY = undefined as unknown as GoalLibrary;

function goalOf(fields: Partial<ReachGoalImageGoal>): ReachGoalImageGoal {
  return { goal_names: [], images: [], compressed_images: [], tolerance: 0, timeout: { sec: 0, nanosec: 0 }, ...fields };
}

describe("a goal of the action as latents", () => {
  const latents = Float32Array.from([1, 2, 3, 4, 5, 6]);
  const good: Partial<ReachGoalImageGoal> = { latent_names: ["near", ""], latents, encoder_sha256: MODEL.encoderSha256 };
  const read = (fields: Partial<ReachGoalImageGoal>) => readGoalRequest(goalOf({ ...good, ...fields }), MODEL);

  it("is copied row by row, with what is said of each", async () => {
    const request = read({ latents: latents.slice(), encoder_sha256: MODEL.encoderSha256.toUpperCase(), tolerances: [0.5, 0], grippers: ["", "closed"], tolerance: 2, timeout: { sec: 3, nanosec: 0 } });
    assert.deepEqual([request.name, request.reachedBelow, request.timeoutS], ["near, latent 2", 2, 3]);
    assert.deepEqual(await request.load(NO_LIBRARY), [
      { name: "near", latent: Float32Array.of(1, 2, 3), gripper: undefined, reachedBelow: 0.5 },
      { name: "latent 2", latent: Float32Array.of(4, 5, 6), gripper: "closed", reachedBelow: undefined },
    ]);
  });

  it("does not look into the message's memory later", async () => {
    const lent = latents.slice();
    const request = read({ latents: lent });
    lent.fill(Number.NaN);
    const [first] = await request.load(NO_LIBRARY);
    assert.deepEqual(first, { name: "near", latent: Float32Array.of(1, 2, 3), gripper: undefined, reachedBelow: undefined });
  });

  it("is an INVALID_GOAL, with one line, when it is not of the controller's model", async () => {
    for (const [fields, why] of [
      [{ encoder_sha256: "cd".repeat(32) }, 'the latents were made with the encoder "cdcdcdcdcdcd", and this controller has abababababab (bundle small): make them with that bundle'],
      [{ encoder_sha256: "" }, "encoder_sha256 does not say which encoder made the latents, and this controller has abababababab (bundle small): make them with that bundle"],
      [{ latents: latents.slice(1) }, "latents has 5 values; 2 latents of bundle small have 6"],
      [{ latents: [] }, "latents has 0 values; 2 latents of bundle small have 6"],
      [{ latent_names: ["one"] }, "latents has 6 values; a latent of bundle small has 3"],
      [{ latents: [1, 2, 3, 4, Infinity, 6] }, "latents must be finite numbers; value 1 of latent 2 is Infinity"],
      // Finite only with more digits than a float32 has.
      [{ latents: [1, 2, 1e300, 4, 5, 6] }, "latents must be finite numbers; value 2 of latent 1 is Infinity"],
    ] as const) {
      const request = read(fields);
      await assert.rejects(request.load(NO_LIBRARY), (error: unknown) => error instanceof GoalRefused && error.code === GOAL_ERROR.invalidGoal && error.message === why, why);
    }
  });

  it("is refused at once when it is malformed", () => {
    assert.throws(() => read({ latent_names: [] }), /exactly one of goal_names, images, compressed_images and latent_names must have entries, not none \(latents has 6 values, but no names\)/);
    assert.throws(() => read({ goal_names: ["here"] }), /not goal_names and latent_names/);
    assert.throws(() => read({ latent_names: Array.from({ length: MAX_SUB_GOALS + 1 }, String) }), /latent_names has 33 entries; at most 32 sub-goals are taken/);
    assert.throws(() => read({ tolerances: [1] }), /tolerances has 1 entries, latent_names has 2/);
    assert.throws(() => read({ grippers: ["ajar", ""] }), /grippers must be open, closed or empty, not "ajar"/);
  });
});
