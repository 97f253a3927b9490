import { findRobot } from "../../src/robot/find-robot.js";
import { RosNode, oneLine } from "../../src/ros/ros-node.js";
import { onTermination } from "../../src/ros/termination.js";
import { SimWorld } from "../world.js";
import { SIMULATOR_PARAMETERS } from "./parameters.js";
import { SimulatorNode } from "./simulator-node.js";

/** Executable of the simulator node: `node simulator-main.js --ros-args -p task:=reach -p seed:=3`. */
async function main(): Promise<void> {
  const ros = await RosNode.create("jepa_mpc_simulator", { argv: process.argv, lifecycle: false });
  const { robot } = ros.parameters.declare({ robot: SIMULATOR_PARAMETERS.robot });
  const world = await SimWorld.create({ robot: findRobot(robot) });
  const simulator = new SimulatorNode(ros, world);
  for (const name of ros.parameters.unknownOverrides()) {
    ros.log.warn(`parameter ${name} is not known and was ignored`);
  }
  onTermination(() => {
    simulator.stop();
    ros.close();
  });
  ros.spin();
  simulator.start();
}

main().catch((error: unknown) => {
  process.stderr.write(`jepa_mpc_simulator: ${oneLine(error)}\n`);
  process.exit(1);
});
