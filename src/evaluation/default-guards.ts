import type { SimWorld } from "../../sim/world.js";
import { findRobot, type Robot } from "../robot/find-robot.js";
import { FR3 } from "../robot/fr3.js";
import { type Guard, robotGuards } from "../safety/guards/index.js";

/** The guards that the node has by default, for the arm of a simulated world. @param robot that arm; default: the demo arm. */
export function defaultGuards(world: SimWorld, robot: Robot = findRobot(FR3.name)): Promise<Guard[]> {
  return robotGuards(robot, world.robot);
}
