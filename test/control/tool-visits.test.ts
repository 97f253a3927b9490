import assert from "node:assert/strict";
import { test } from "node:test";
import { Controller } from "../../src/control/controller.js";
import { ToolVisits } from "../../src/control/tool-visits.js";
import { VisitPlanning } from "../../src/control/visit-planning.js";
import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import type { JointTrajectory } from "../../src/robot/types.js";
import { SimWorld } from "../../sim/world.js";
import { ToyPlanning } from "./toy-planning.js";

const PERIOD_S = 0.2;
const NAMES = { actionNames: ["dx", "dy", "dz", "gripper"], high: [0.04, 0.04, 0.04, 1], stateNames: ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"] };
const IMAGE = { width: 1, height: 1, data: new Uint8Array(3) };

/** The controller on the simulated arm; the inner service is the toy, which counts what it is asked. */
async function bench(meanwhile: (period: number, controller: Controller) => void = () => undefined, seen = true): Promise<{
  world: SimWorld; controller: Controller; visits: ToolVisits; toy: ToyPlanning; sent: JointTrajectory[];
}> {
  const world = await SimWorld.create();
  world.reset(7);
  world.placeArm(world.reach([0.5, 0, 0.2], 1));
  world.step(25);
  const toy = new ToyPlanning(4, 6);
  const planning = new VisitPlanning(toy, NAMES);
  const sent: JointTrajectory[] = [];
  const controller = new Controller({
    actionSpace: world.actions, planning, pipeline: new CommandPipeline(world.robot.limits),
    restAction: (state) => Float32Array.of(0, 0, 0, state[3]! / 0.08),
    ports: { sendTrajectory: (trajectory) => { sent.push(trajectory); world.command.setTrajectory(trajectory, world.timeS); }, publishStatus: () => undefined },
    clock: () => world.timeS, periodS: PERIOD_S, reachedBelow: 1e-6, planDeadlineMs: Infinity,
  });
  let period = 0;
  const wait = async (): Promise<void> => {
    if (seen || period < 6) controller.onImage(IMAGE, world.timeS + 1);
    controller.onJointState(world.jointState(), world.timeS + 1);
    controller.tick();
    await controller.settled();
    world.step(Math.round(PERIOD_S / world.timestepS));
    meanwhile(period++, controller);
  };
  return { world, controller, toy, sent, visits: new ToolVisits({ controller, planning, wait, clock: () => world.timeS, timeoutS: 8 }) };
}

/** The last trajectory ends in a stop, and so does the arm. */
function assertStands(world: SimWorld, sent: readonly JointTrajectory[]): void {
  assert.ok(sent.at(-1)!.points.at(-1)!.velocities.every((velocity) => velocity === 0));
  world.step(250);
  assert.ok(world.jointState().velocities.every((velocity) => Math.abs(velocity) < 1e-3));
}

test("goes to places in a line and stands there; the model is not asked, and the hand stays as it is", async () => {
  const { world, visits, toy, sent } = await bench();
  for (const place of [[0.55, 0.05, 0.2], [0.45, -0.06, 0.25]]) {
    const before = world.toolPosition();
    await visits.goTo(place, "there");
    const at = world.toolPosition();
    assert.ok(Math.hypot(...place.map((value, axis) => value - at[axis]!)) < 0.01, at.join(" "));
    assert.ok(Math.hypot(...place.map((value, axis) => value - before[axis]!)) > 0.05, "it did move");
    assert.ok(world.jointState().velocities.every((velocity) => Math.abs(velocity) < 1e-3), "it stands");
    assert.ok(Math.abs(world.jointState().positions[7]! - 0.04) < 0.002, "the hand is open as before");
  }
  assert.equal(toy.requests.length, 0);
  assertStands(world, sent);
});

test("whatever comes between ends the visit with a sentence, and the arm stands", async () => {
  const cases: [(period: number, controller: Controller) => void, boolean, RegExp][] = [
    [(period, controller) => { if (period === 3) controller.stop(); }, true, /^far: (interrupted \()?Stopped by the user until reset/],
    [(period, controller) => { if (period === 3) controller.clearGoal(); }, true, /^far: interrupted \(Idle: no goal\.\)/],
    [(period, controller) => { if (period === 3) controller.giveUp("other_commander", "Holding: another node."); }, true, /^far: Holding: another node\./],
    [() => undefined, false, /^far: not there within 8 s \(Holding: .*camera/],
  ];
  for (const [meanwhile, seen, line] of cases) {
    const { world, visits, sent, controller } = await bench(meanwhile, seen);
    await assert.rejects(visits.goTo([0.62, 0.2, 0.2], "far"), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, line);
      return true;
    });
    visits.end();
    assert.notEqual(controller.status.state, "planning");
    assertStands(world, sent);
    world.dispose();
  }
});

test("a goal of somebody else that comes between is left alone", async () => {
  const { visits, controller, toy } = await bench((period, own) => {
    if (period === 3) void own.setGoals("theirs", [{ name: "theirs", latent: Float32Array.of(9, 9, 9, 9) }]);
  });
  await assert.rejects(visits.goTo([0.62, 0.2, 0.2], "far"), /^Error: far: interrupted/);
  visits.end();
  assert.equal(controller.status.goalName, "theirs");
  controller.tick();
  assert.ok(toy.requests.length > 0, "the model's plans are theirs");
});
