import type { RosParameter } from "./ros-arguments.js";

/** The parameters of the controller node that a robot's description sets. @throws Error with one line when there is no such robot. */
export async function robotParameters(nameOrFile: string): Promise<RosParameter[]> {
  const { findRobot } = await import("../robot/find-robot.js");
  const { description: robot, urdfFile, keepOutFile } = findRobot(nameOrFile);
  return [
    { name: "urdf", text: urdfFile },
    { name: "base_link", text: robot.base_link },
    { name: "tool_link", text: robot.tool_link },
    { name: "joints", texts: robot.joints },
    { name: "posture", doubles: robot.posture },
    { name: "workspace.low", doubles: robot.workspace.low },
    { name: "workspace.high", doubles: robot.workspace.high },
    { name: "gripper.joint", text: robot.gripper.joint },
    { name: "gripper.max_joint", double: robot.gripper.max_joint },
    { name: "gripper.opening_per_joint", double: robot.gripper.opening_per_joint },
    ...(keepOutFile === undefined ? [] : [{ name: "safety.keep_out_file", text: keepOutFile }]),
    ...Object.entries(robot.safety).flatMap(([name, double]) => double === undefined ? [] : [{ name: `safety.${name}`, double }]),
  ];
}
