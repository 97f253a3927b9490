import { readFile } from "node:fs/promises";

import { defineCommand } from "./command.js";
import { DEFAULT_DASHBOARD_PORT } from "./dashboard-port.js";
import { parseNumber } from "./numbers.js";
import { GOALS_DIR_OPTION, openLibrary } from "./open-library.js";
import { oneLine, print } from "./print.js";
import { PROJECT_ROOT, projectVersion } from "./project.js";
import { restOf } from "./run.js";
import { UsageError } from "./usage-error.js";

const LEAST_TOKEN = 16;

export default defineCommand({
  command: "dashboard",
  describe: "Serve a page that shows a running controller, stops it and sends it goals (ROS 2)",
  builder: (yargs) =>
    yargs
      .option("node", { type: "string", requiresArg: true, default: "/jepa_mpc", describe: "The controller's full name" })
      .option("image-topic", { type: "string", requiresArg: true, default: "/camera/image_raw", describe: "The controller's camera; CompressedImage where it ends with /compressed" })
      .option("joint-states-topic", { type: "string", requiresArg: true, default: "/joint_states", describe: "The robot's joint states" })
      .option("host", { type: "string", requiresArg: true, default: "127.0.0.1", describe: "Address to listen on; any that others reach demands a token" })
      .option("port", { type: "string", requiresArg: true, default: String(DEFAULT_DASHBOARD_PORT), describe: "Port to listen on; 0: any that is free" })
      .option("token-file", { type: "string", requiresArg: true, describe: "File with the token that the page asks for [default: none on loopback, else a new one, printed once]" })
      .option("allowed-host", { type: "string", array: true, requiresArg: true, describe: "A further name that browsers know this machine by" })
      .option("goals-dir", GOALS_DIR_OPTION)
      .option("memory", { type: "string", requiresArg: true, describe: "Folder of remembered episodes [default: the controller's memory.dir where it is on this machine, else $JEPA_MPC_MEMORY, else ~/.local/share/jepa-mpc/memory]" })
      .example("$0 dashboard", "then open http://127.0.0.1:8460")
      .example("$0 dashboard --host 0.0.0.0", "for other machines, with the token that is printed")
      .epilogue("Whatever follows -- is handed to ROS 2 as it is. The page is no emergency stop."),
  handler: async (args) => {
    const port = parseNumber("--port", args.port, { min: 0, max: 65_535, whole: true });
    if (!/^\/?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/.test(args.node)) {
      throw new UsageError(`--node ${JSON.stringify(args.node)} is not a node's name; give one such as /jepa_mpc`);
    }
    const node = args.node.startsWith("/") ? args.node : `/${args.node}`;
    const [{ isLoopback, makeToken }, { serveDashboard }, { createDashboardNode, DashboardRobot }, { endAfter, onTermination }, { MemoryRecall }, { memoryDir }] = await Promise.all([
      import("../dashboard/access.js"), import("../dashboard/serve-dashboard.js"), import("../ros/dashboard-robot.js"), import("../ros/termination.js"),
      import("../dashboard/memory-recall.js"), import("../memory/memory-dir.js"),
    ]);
    const given = args.tokenFile === undefined ? undefined : await readToken(args.tokenFile);
    const token = given ?? (isLoopback(args.host) ? undefined : makeToken());
    const library = await openLibrary(args.goalsDir);
    const ros = await createDashboardNode(restOf(args));
    let close: () => Promise<void> = () => { ros.close(); return Promise.resolve(); };
    onTermination(() => close());
    try {
      const served = await serveDashboard({
        connect: (events) => new DashboardRobot(ros, { node, imageTopic: args.imageTopic, jointStatesTopic: args.jointStatesTopic }, events),
        library, recall: new MemoryRecall(memoryDir(args.memory), { follows: (args.memory ?? "") === "" }), version: projectVersion(), root: PROJECT_ROOT, host: args.host, port, token,
        ...(args.allowedHost === undefined ? {} : { allowedHosts: args.allowedHost }),
      });
      close = () => served.close();
      const shown = args.host === "0.0.0.0" || args.host === "::" ? "127.0.0.1" : args.host.includes(":") ? `[${args.host}]` : args.host;
      print(`dashboard of ${node} on http://${shown}:${served.port}/${token === undefined || given !== undefined ? "" : `?token=${token}`}`);
      if (!isLoopback(args.host)) print("it is reached from other machines, without encryption: whoever has the token and whoever reads the network can move the robot");
    } catch (error) {
      process.stderr.write(`jepa-mpc: ${oneLine(error)}\n`);
      endAfter(() => close(), 1);
    }
  },
});

/** @throws Error with one line: not there, or too short to be a secret. */
async function readToken(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new Error(`--token-file ${file}: ${oneLine(error)}`, { cause: error });
  }
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < LEAST_TOKEN) {
    throw new Error(`--token-file ${file}: it must hold at least ${LEAST_TOKEN} letters, digits or signs in one word`);
  }
  return token;
}
