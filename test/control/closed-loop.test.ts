import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { RgbImage } from "../../src/camera/types.js";
import { Controller, createPlanner, InThreadPlanningService } from "../../src/control/index.js";
import type { ActionSpace, JointTrajectory } from "../../src/robot/types.js";
import { CommandPipeline } from "../../src/safety/index.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { JOINTS, atRest } from "../safety/joints.js";
import { TrajectoryPlayer } from "../safety/trajectory-player.js";

const PERIOD_S = 0.2;
const TWO_JOINTS = JOINTS.slice(0, 2);

/** What a camera sees of two joints: a red square that moves 160 pixels a rad, as the tiny bundle's roll-out has it. */
function view(positions: readonly number[]): RgbImage {
  const size = 64;
  const data = new Uint8Array(size * size * 3);
  const square = (x: number, y: number, channel: number): void => {
    for (let dy = 0; dy < 6; dy++) for (let dx = 0; dx < 6; dx++) data[((y + dy) * size + x + dx) * 3 + channel] = 255;
  };
  square(2, 57, 1);
  square(57, 57, 2);
  square(Math.round(29 + 160 * positions[0]!), Math.round(29 + 160 * positions[1]!), 0);
  return { width: size, height: size, data };
}

/** Runs picture to command to picture in lock step until the goal is reached; returns where the joints end, and all commands. */
async function run(): Promise<{ positions: readonly number[]; sent: JointTrajectory[]; steps: number }> {
  const model = await OnnxWorldModel.load(join("test", "fixtures", "tiny-bundle"));
  const { low, high } = model.manifest.action;
  const planning = new InThreadPlanningService({
    model,
    planner: createPlanner({ kind: "icem", options: { candidates: 48, iterations: 3, elites: 6 } }),
    bounds: { low: Float32Array.from(low), high: Float32Array.from(high) },
  });
  const player = new TrajectoryPlayer(TWO_JOINTS, [-0.1, 0.05], () => 0.1);
  const actionSpace: ActionSpace = {
    jointTargets: (positions, action) => positions.map((position, j) => position + action[j]!),
    state: () => new Float32Array(model.stateDim),
  };
  const sent: JointTrajectory[] = [];
  let nowS = 0;
  let current: JointTrajectory | undefined;
  const controller = new Controller({
    actionSpace, planning,
    pipeline: new CommandPipeline(TWO_JOINTS),
    periodS: PERIOD_S,
    planDeadlineMs: Infinity,
    reachedBelow: 5e-4,
    restAction: () => Float32Array.from([0, 0, 0, 0.5]),
    clock: () => nowS,
    ports: { sendTrajectory: (trajectory) => { sent.push(trajectory); current = trajectory; }, publishStatus: () => undefined },
  });
  await controller.setGoal({ name: "upper right", image: view([0.08, -0.06]) });
  for (let i = 0; i < 60 && controller.status.state !== "reached"; i++) {
    controller.onImage(view(player.positions), nowS + 1);
    controller.onJointState(atRest(player.positions), nowS + 1);
    controller.tick();
    await controller.settled();
    const playing = current;
    current = undefined;
    if (playing !== undefined) player.play(playing, PERIOD_S);
    nowS += PERIOD_S;
  }
  assert.equal(controller.status.state, "reached", JSON.stringify(controller.status));
  const { steps } = controller.status;
  await planning.close();
  return { positions: player.positions, sent, steps };
}

test("from goal picture to the goal through the model, the planner and the pipeline, the same each time", async () => {
  const first = await run();
  assert.ok(Math.abs(first.positions[0]! - 0.08) < 0.02 && Math.abs(first.positions[1]! + 0.06) < 0.02, first.positions.join(" "));
  assert.ok(first.steps < 30, `${first.steps} steps`);
  assert.deepEqual((await run()).sent, first.sent);
});
