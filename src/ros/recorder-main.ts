import { RECORDER_NAME, RecorderNode } from "./recorder-node.js";
import { RosNode, oneLine } from "./ros-node.js";
import { endAfter, onTermination } from "./termination.js";

/** Longest time for episodes that wait for a slow disk, ms; the arm holds meanwhile. ros2 launch ends a process by force 10 s after it asked for it. */
const LEAVE_WITHIN_MS = 8000;

/** Executable of the recorder: `node recorder-main.js --ros-args -p out:=data/mine -p robot:=so101`. */
async function main(): Promise<void> {
  const ros = await RosNode.create(RECORDER_NAME, { argv: process.argv, lifecycle: false });
  const made: { node?: RecorderNode } = {};
  let leaving: Promise<void> | undefined;
  const leave = (): Promise<void> => (leaving ??= (async () => {
    const said = await made.node?.leave();
    if (said !== undefined) process.stdout.write(`${said}\n`);
    ros.close();
  })());
  onTermination(leave, LEAVE_WITHIN_MS);
  // The last message is to be answered for before the graph is left.
  made.node = await RecorderNode.create(ros, (code) => { setImmediate(() => { endAfter(leave, code); }); });
  for (const name of ros.parameters.unknownOverrides()) ros.log.warn(`parameter ${name} is not known and was ignored`);
  ros.spin();
}

main().catch((error: unknown) => {
  process.stderr.write(`${RECORDER_NAME}: ${oneLine(error)}\n`);
  process.exit(1);
});
