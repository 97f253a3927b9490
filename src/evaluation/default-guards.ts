import { type SimWorld, demoUrdf } from "../../sim/world.js";
import { FR3_WORKSPACE, fr3Collision } from "../robot/fr3.js";
import { type Guard, createGuards } from "../safety/guards/index.js";

/** The guards that the node has by default, for the arm of a simulated world. */
export async function defaultGuards(world: SimWorld): Promise<Guard[]> {
  return createGuards(world.robot, { workspace: FR3_WORKSPACE, collision: await fr3Collision(demoUrdf()) });
}
