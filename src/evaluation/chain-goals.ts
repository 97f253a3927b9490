import type { TaskGoal } from "../../sim/tasks.js";
import type { RgbImage } from "../camera/types.js";
import type { ChainFinder } from "../chain/chain-finder.js";
import type { ControllerGoal } from "../control/controller-options.js";
import type { WorldModel } from "../world-model/index.js";

/** The sub-goals that experience has between a picture and a goal's; where it knows no way, the goal alone. */
export async function chainGoals(finder: ChainFinder, model: WorldModel, now: RgbImage, goal: TaskGoal): Promise<readonly ControllerGoal[]> {
  const chain = await finder.find(await model.encode(now), await model.encode(goal.image));
  return chain === undefined ? [goal] : chain.links.map(({ name, latent }) => ({ name, latent }));
}
