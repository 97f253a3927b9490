import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import { actuate } from "../actuate.js";
import { distance } from "../distance.js";
import { pushExplorer } from "../exploration.js";
import { Random } from "../random.js";
import { CUBE_SIZE } from "../scene.js";
import type { SimWorld } from "../world.js";
import { StateTask, type Task } from "./task.js";

const DISPLACEMENT_M = [0.06, 0.15] as const;
const TOLERANCE_M = 0.03;
const STEPS = 24;
const ATTEMPTS = 60;

/** Push the cube to where it is in the goal picture, 6 to 15 cm away; the goal comes from a push that was really done. */
export function pushTask(world: SimWorld, seed: number): Task {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    world.reset(seed);
    const start = world.saveState();
    const from = world.objectPosition("cube");
    const explore = pushExplorer(new Random((seed ^ 0x9054) + 7919 * attempt), "cube");
    const pipeline = new CommandPipeline(world.robot.limits);
    pipeline.reset(world.jointState());
    for (let step = 0; step < STEPS; step++) {
      actuate(world, pipeline, explore(world));
      const at = world.objectPosition("cube");
      const moved = distance(from, at);
      const flat = Math.abs((at[2] as number) - CUBE_SIZE / 2) < 0.003;
      if (!flat || moved < DISPLACEMENT_M[0] || moved > DISPLACEMENT_M[1]) continue;
      // Let arm and cube come to rest before the picture is taken.
      world.command.setTrajectory(pipeline.hold(), world.timeS);
      world.step(100);
      const goal = world.saveState();
      const wanted = world.objectPosition("cube");
      if (distance(from, wanted) < DISPLACEMENT_M[0] || distance(from, wanted) > DISPLACEMENT_M[1]) break;
      world.restoreState(start);
      return new StateTask("push", world, TOLERANCE_M, start, goal, () => distance(world.objectPosition("cube"), wanted));
    }
  }
  throw new Error(`task push: no push of ${DISPLACEMENT_M.join(" to ")} m was found for seed ${seed} in ${ATTEMPTS} attempts; take another seed`);
}
