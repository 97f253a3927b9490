import assert from "node:assert/strict";
import { test } from "node:test";
import { JointExplorer } from "../../src/record/joint-explorer.js";
import { findRobot } from "../../src/robot/find-robot.js";
import { robotGuards } from "../../src/safety/guards/index.js";
import { robotPipeline } from "../../src/safety/robot-pipeline.js";
import { actuate } from "../../sim/actuate.js";
import { RayCastCamera } from "../../sim/camera.js";
import { distance } from "../../sim/distance.js";
import { drawEnvironment } from "../../sim/environments/index.js";
import { Random } from "../../sim/random.js";
import { createTask } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";

const robot = findRobot("so101");
const world = await SimWorld.create({ robot });
const { workspace } = robot.description;

test("a seed gives the same clear posture, its tool in the workspace, and rest", () => {
  world.reset(3);
  const first = world.jointState().positions;
  world.reset(4);
  assert.notDeepEqual(world.jointState().positions, first);
  world.reset(3);
  assert.deepEqual(world.jointState().positions, first);
  assert.ok(world.postures!.isClear(first));
  world.toolPosition().forEach((place, axis) => { assert.ok(place >= workspace.low[axis]! && place <= workspace.high[axis]!); });
  world.step(100);
  assert.ok(world.jointState().positions.every((position, j) => Math.abs(position - first[j]!) < 2e-3), "it holds itself");
});

test("reach begins as far away as the description says, its goal picture is another one, and what it cannot do it says", () => {
  const camera = new RayCastCamera(world, { width: 64, height: 64 });
  for (const seed of [0, 1, 2]) {
    const task = createTask("reach", world, seed);
    assert.ok(task.startDistanceM > 0.07 && task.startDistanceM < 0.26, String(task.startDistanceM));
    assert.equal(task.toleranceM, 0.02);
    assert.equal(task.success(), false);
    const goal = task.goalImage(camera).data;
    const now = camera.rgb().data;
    assert.ok(goal.filter((value, i) => Math.abs(value - now[i]!) > 20).length > 200, "the pictures differ");
  }
  assert.throws(() => createTask("grasp", world, 0), /task grasp: it is shown by the fr3, the so101 cannot; ask for reach/);
  assert.throws(() => { world.dress(drawEnvironment("seen", 1)); }, /rooms in which the camera is moved are drawn round the demo arm; the so101 has its own camera/);
});

test("the explorer moves all joints, within limits, workspace and clear of the table, for as long as one likes", { timeout: 300_000 }, async () => {
  const { action } = robot.description;
  assert.ok(action.kind === "joint_delta");
  const guards = await robotGuards(robot, world.robot);
  world.reset(8);
  const random = new Random(5);
  const explorer = new JointExplorer({ postures: world.postures!, maxDelta: action.max_delta, uniform: () => random.uniform() });
  const pipeline = robotPipeline(robot.description, world.robot.limits, guards);
  pipeline.reset(world.jointState());
  const [low, high] = [new Float64Array(6).fill(Infinity), new Float64Array(6).fill(-Infinity)];
  let way = 0;
  let before = world.toolPosition();
  for (let period = 0; period < 300; period++) {
    const delta = explorer.next(pipeline.setpoint.positions);
    delta.forEach((value, j) => { assert.ok(Math.abs(value) <= action.max_delta[j]! + 1e-6); });
    actuate(world, pipeline, delta);
    const { positions } = world.jointState();
    positions.forEach((position, j) => {
      low[j] = Math.min(low[j]!, position);
      high[j] = Math.max(high[j]!, position);
      assert.ok(position > world.robot.limits[j]!.lower - 0.01 && position < world.robot.limits[j]!.upper + 0.01);
    });
    const tool = world.toolPosition();
    tool.forEach((place, axis) => { assert.ok(place > workspace.low[axis]! - 0.02 && place < workspace.high[axis]! + 0.02, `tool at ${tool.join(" ")}`); });
    way += distance(before, tool);
    before = tool;
  }
  assert.ok(way > 2, `the tool went ${way} m`);
  assert.ok(high.every((most, j) => most - low[j]! > 0.5), `every joint was moved: ${[...high].map((most, j) => (most - low[j]!).toFixed(2)).join(" ")}`);
});
