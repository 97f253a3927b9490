import { RayCastCamera } from "../../sim/camera.js";
import { drawEnvironment, evaluationRoomSeed } from "../../sim/environments/index.js";
import { cameraSide } from "../../sim/picture-size.js";
import { createTask, type TaskName } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { fitToModel } from "../../src/camera/fit.js";
import type { OnnxWorldModel } from "../../src/world-model/index.js";
import type { Problem } from "./protocol.js";

/** The tasks of the evaluation that the shipped model does. */
const TASKS: readonly TaskName[] = ["reach", "grasp", "reach-with-object", "pick-and-place"];

/** A problem and its two pictures, uint8 [height, width, 3] at the model's size. */
export interface PicturedProblem {
  readonly problem: Problem;
  readonly pictures: readonly [start: Uint8Array, goal: Uint8Array];
}

/**
 * Problems of the robot: the picture of a task's start and that of its first goal, taken in the simulator's plain room and encoded, with the arm's proprioception at the
 * start. `count` of them, the tasks in turn.
 *
 * @param firstSeed tasks count their seeds from the first one that training did not see.
 */
export async function picturedProblems(model: OnnxWorldModel, count: number, firstSeed: number): Promise<PicturedProblem[]> {
  const { width, height } = model.manifest.image;
  const world = await SimWorld.create();
  try {
    const camera = new RayCastCamera(world, { width: cameraSide(width), height: cameraSide(height) });
    const problems: PicturedProblem[] = [];
    for (let i = 0; i < count; i++) {
      const [task, seed] = [TASKS[i % TASKS.length]!, firstSeed + Math.floor(i / TASKS.length)];
      world.dress(drawEnvironment("plain", evaluationRoomSeed(seed)));
      const made = createTask(task, world, seed);
      const [goal] = made.goalImages(camera);
      made.start();
      const pictures = [camera.rgb(), goal!.image].map((image) => fitToModel(image, width, height));
      const [latent, target] = [await model.encode(pictures[0]!), await model.encode(pictures[1]!)];
      problems.push({
        problem: { task, seed, latent: [...latent], goal: [...target], state: [...world.actions.state(world.jointState())] },
        pictures: [Uint8Array.from(pictures[0]!.data), Uint8Array.from(pictures[1]!.data)],
      });
    }
    return problems;
  } finally {
    world.dispose();
  }
}
