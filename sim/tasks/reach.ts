import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import type { ClearPostures } from "../../src/robot/clear-postures.js";
import type { RobotDescription } from "../../src/robot/robot-description.js";
import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { SimWorld } from "../world.js";
import { captureGoal, distanceJudge, StateTask, type Task, type TaskDefinition } from "./task.js";

const START_DISTANCE_M = [0.12, 0.35] as const;
const TOLERANCE_M = 0.03;
/** The goal keeps this far from cube and cup sideways, or above them, so that the tool can be there. */
const CLEAR_OF_OBJECTS_M = 0.1;
const CLEAR_ABOVE_M = 0.14;

/** For a description that says nothing of it. */
const JOINT_REACH = { start_distance_m: [0.08, 0.25], tolerance_m: 0.03, max_steps: 25 } as const;

/** Bring the tool to where it is in the goal picture, 12 to 35 cm away; cube and cup stay where they are. */
export const REACH: TaskDefinition = {
  name: "reach",
  withObject: false,
  rule: () => "tool within 3 cm of its place",
  toleranceM: TOLERANCE_M,
  maxSteps: 25,
  startDistance: { of: "tool to its place", edgesM: [0.12, 0.2, 0.27, 0.35] },
  anyRobot: true,
  create: createReach,
};

/** The task as an arm has it. */
export function reachOf({ action, simulation }: RobotDescription): TaskDefinition {
  if (action.kind !== "joint_delta") return REACH;
  const { start_distance_m: [nearest, farthest], tolerance_m: toleranceM, max_steps: maxSteps } = simulation?.reach ?? JOINT_REACH;
  const third = (farthest - nearest) / 3;
  return {
    ...REACH, toleranceM, maxSteps, rule: () => `tool within ${Number((100 * toleranceM).toFixed(1))} cm of its place`,
    startDistance: { of: REACH.startDistance.of, edgesM: [nearest, nearest + third, nearest + 2 * third, farthest] },
  };
}

function createReach(world: SimWorld, seed: number): Task {
  if (world.postures !== undefined) return createJointReach(world, world.postures, seed);
  world.reset(seed);
  const start = world.saveState();
  const from = world.toolPosition();
  const random = new Random(seed ^ 0x60a1);
  const { low, high } = FR3_WORKSPACE;
  let place: [number, number, number];
  do {
    place = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(low[2] + 0.02, high[2])];
  } while (distance(from, place) < START_DISTANCE_M[0] || distance(from, place) > START_DISTANCE_M[1] || !clear(world, place));
  world.placeArm(world.reach(place, 1));
  world.step(10);
  const goal = captureGoal("tool at its place", world);
  return new StateTask({
    definition: REACH, object: undefined, world, start, goals: [goal], startDistanceM: distance(from, goal.truth.tool),
    judge: distanceJudge(() => distance(world.toolPosition(), goal.truth.tool), TOLERANCE_M),
  });
}

function clear(world: SimWorld, place: readonly [number, number, number]): boolean {
  if (place[2] > CLEAR_ABOVE_M) return true;
  return (["cube", "cup"] as const).every((name) => {
    const at = world.objectPosition(name);
    return Math.hypot(place[0] - (at[0] as number), place[1] - (at[1] as number)) > CLEAR_OF_OBJECTS_M;
  });
}

/** As the description of an arm that is moved by its joints has it: from one posture to another one, the tool as far away as it says. */
function createJointReach(world: SimWorld, postures: ClearPostures, seed: number): Task {
  const definition = reachOf(world.description);
  const [nearest, farthest] = (world.description.simulation?.reach ?? JOINT_REACH).start_distance_m;
  const { toleranceM } = definition;
  world.reset(seed);
  const start = world.saveState();
  const from = world.toolPosition();
  const random = new Random(seed ^ 0x60a1);
  let goalPosture: Float64Array;
  let far: number;
  do {
    goalPosture = postures.draw(() => random.uniform());
    far = distance(from, world.robot.toolPose(goalPosture).position);
  } while (far < nearest || far > farthest);
  world.placeArm(goalPosture);
  world.step(10);
  const goal = captureGoal("arm in its posture", world);
  return new StateTask({
    definition, object: undefined, world, start, goals: [goal], startDistanceM: distance(from, goal.truth.tool),
    judge: distanceJudge(() => distance(world.toolPosition(), goal.truth.tool), toleranceM),
  });
}
