import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { GOAL_ERROR, goalErrorName } from "../../src/ros/goal-error-code.js";
import { GoalWatch } from "../../src/ros/goal-watch.js";

import type { ControllerStatus } from "../../src/control/status.js";

const status = (state: ControllerStatus["state"], fields: Partial<ControllerStatus> = {}): ControllerStatus =>
  ({ state, sentence: "A sentence.", final: false, steps: 3, overruns: 0, retries: 0, ...fields });

describe("GoalWatch", () => {
  const stale = status("holding", { holdReason: "camera_stale" });

  it("ends a goal that is reached, and one whose time is over, whatever it does", () => {
    const watch = new GoalWatch(10, { timeoutS: 5, failureToleranceS: 1 });
    assert.equal(watch.judge(status("planning"), 14.9), undefined);
    assert.deepEqual(watch.judge(status("reached", { final: true }), 14.9), { code: GOAL_ERROR.none, message: "" });
    assert.equal(watch.judge(status("planning"), 15)?.code, GOAL_ERROR.timeout);
    assert.equal(watch.judge(stale, 15)?.code, GOAL_ERROR.timeout);
    assert.equal(watch.judgeWaiting(15)?.code, GOAL_ERROR.timeout);
  });

  it("tolerates a hold for so long, counted anew after each", () => {
    const watch = new GoalWatch(0, { timeoutS: Infinity, failureToleranceS: 1 });
    assert.equal(watch.judge(stale, 1), undefined);
    assert.equal(watch.judge(stale, 1.9), undefined);
    assert.equal(watch.judge(status("planning"), 2), undefined);
    assert.equal(watch.judge(stale, 2.5), undefined);
    assert.deepEqual(watch.judge(stale, 3.5), { code: GOAL_ERROR.camera, message: "A sentence." });
  });

  it("lets the solver try again as often as it may, and gives up with it", () => {
    const watch = new GoalWatch(0, { timeoutS: Infinity, failureToleranceS: 1 });
    const tried = { holdReason: "plan_not_finite" } as const;
    assert.equal(watch.judge(status("holding", tried), 1), undefined);
    assert.equal(watch.judge(status("holding", tried), 9), undefined);
    assert.equal(watch.judge(status("holding", { ...tried, final: true }), 9.1)?.code, GOAL_ERROR.planner);
  });

  it("waits without end when it is told so, but not for what cannot end", () => {
    const watch = new GoalWatch(0, { timeoutS: Infinity, failureToleranceS: -1 });
    assert.equal(watch.judge(stale, 1), undefined);
    assert.equal(watch.judge(stale, 1e6), undefined);
    assert.equal(watch.judge(status("holding", { holdReason: "tracking_error", final: true }), 1e6)?.code, GOAL_ERROR.tracking);
  });

  it("holds nothing against a goal that is paused or being read", () => {
    const watch = new GoalWatch(0, { timeoutS: Infinity, failureToleranceS: 1 });
    assert.equal(watch.judge(stale, 1), undefined);
    assert.equal(watch.judgeWaiting(50), undefined);
    assert.equal(watch.judge(stale, 50.5), undefined);
  });

  it("knows who ended it from outside", () => {
    const watch = new GoalWatch(0, { timeoutS: Infinity, failureToleranceS: 1 });
    assert.equal(watch.judge(status("stopped", { holdReason: "stopped_by_user" }), 1)?.code, GOAL_ERROR.stopped);
    assert.equal(watch.judge(status("stopped", { holdReason: "shutdown" }), 1)?.code, GOAL_ERROR.deactivated);
    assert.equal(watch.judge(status("idle", { holdReason: "no_goal" }), 1)?.code, GOAL_ERROR.internal);
  });
});

describe("goalErrorName", () => {
  it("names codes as the interface does", () => {
    assert.deepEqual([0, 111, 131, 77].map(goalErrorName), ["NONE", "NO_PROGRESS", "SAFETY_LIMIT", "code 77"]);
  });
});
