import { LifecycleShell } from "../../src/ros/lifecycle-shell.js";
import { RosNode } from "../../src/ros/ros-node.js";
import { onTermination } from "../../src/ros/termination.js";

/** A lifecycle node one of whose steps throws, the one that its first argument names; "cleanup-once" throws the first time only. */
async function main(faulty: string): Promise<void> {
  const ros = await RosNode.create("faulty", { argv: [], lifecycle: true });
  let times = 0;
  const step = (name: string) => (): void => {
    process.stdout.write(`${name}\n`);
    if (faulty === name || (faulty === `${name}-once` && times++ === 0)) {
      throw new Error(`this ${name} does not work`);
    }
  };
  const shell = new LifecycleShell(ros, {
    prepare: () => Promise.resolve(), settled: () => Promise.resolve(),
    configure: step("configure"), activate: step("activate"), deactivate: step("deactivate"), cleanup: step("cleanup"),
  });
  onTermination(() => { ros.close(); });
  ros.spin();
  process.stdout.write(`ready ${shell.active}\n`);
}

await main(process.argv[2] ?? "");
