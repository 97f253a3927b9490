import { ControllerNode, NODE_NAME } from "./controller-node.js";
import { RosNode, oneLine } from "./ros-node.js";
import { endAfter, onTermination } from "./termination.js";

/** Executable of the controller node: `node controller-main.js --ros-args -p bundle:=models/arm-objects-jepa`. */
async function main(): Promise<void> {
  const ros = await RosNode.create(NODE_NAME, { argv: process.argv, lifecycle: true });
  const node = new ControllerNode(ros);
  for (const name of ros.parameters.unknownOverrides()) {
    ros.log.warn(`parameter ${name} is not known and was ignored`);
  }
  onTermination(() => node.leave());
  ros.spin();
  if (!node.autostart) return;
  try {
    await node.lifecycle.autostart();
  } catch (error) {
    say(error);
    endAfter(() => node.leave(), 1);
  }
}

function say(error: unknown): void {
  process.stderr.write(`${NODE_NAME}: ${oneLine(error)}\n`);
}

main().catch((error: unknown) => {
  say(error);
  process.exit(1);
});
