import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print } from "./print.js";
import { ENVIRONMENT_CHOICES } from "./simulation-choices.js";
import { UsageError } from "./usage-error.js";

/** Where the simulator's camera is said to be from: no topic of a robot is called so. */
const SIMULATED_CAMERA = "simulator";

export default defineCommand({
  command: "calibrate",
  describe: "Find how the model's axes are turned against the robot's, with some small moves (MOVES THE ROBOT, or --simulate)",
  builder: (yargs) =>
    yargs
      .option("out", { type: "string", requiresArg: true, demandOption: true, describe: "File to write; the controller takes it by its parameter camera_calibration" })
      .option("node", { type: "string", requiresArg: true, default: "/jepa_mpc", describe: "The running controller's full name" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "Seconds to wait for the controller" })
      .option("within", { type: "string", requiresArg: true, default: "180", describe: "Seconds after which the moves are ended" })
      .option("simulate", { type: "boolean", default: false, describe: "Make the moves in the simulator, without ROS" })
      .option("bundle", BUNDLE_OPTION)
      .option("camera-turn-deg", { type: "string", requiresArg: true, describe: "With --simulate: how far the camera stands round the workspace, counterclockwise from above, degrees [default: 0]" })
      .option("env", { choices: ENVIRONMENT_CHOICES, requiresArg: true, describe: "With --simulate: room [default: plain]" })
      .option("seed", { type: "string", requiresArg: true, describe: "With --simulate: seed of the scene [default: 0]" })
      .option("moves", { type: "string", requiresArg: true, describe: "With --simulate: moves [default: 10]; of a node its parameter calibrate.moves" })
      .option("radius", { type: "string", requiresArg: true, describe: "With --simulate: radius of the circle that they cross, m [default: 0.1]; of a node its parameter calibrate.radius_m" })
      .example("$0 calibrate --out camera.json", "the running controller makes the moves; Ctrl-C ends them, and the robot holds")
      .example("$0 calibrate --simulate --camera-turn-deg 40 --out turned.json", ""),
  handler: async (args) => {
    const { writeCalibration, describeCalibration } = await import("../calibration/index.js");
    const calibration = args.simulate ? await simulated(args) : await onRobot(args);
    await writeCalibration(args.out, calibration);
    print(...describeCalibration(calibration), `written to ${args.out}`);
    if (!args.simulate) print(`use it: set camera_calibration to this file, and configure the controller again`);
  },
});

interface RobotArguments {
  readonly node: string;
  readonly timeout: string;
  readonly within: string;
  readonly bundle: string | undefined;
  readonly cameraTurnDeg: string | undefined;
  readonly env: string | undefined;
  readonly seed: string | undefined;
  readonly moves: string | undefined;
  readonly radius: string | undefined;
}

async function onRobot(args: RobotArguments): Promise<import("../calibration/index.js").CameraCalibration> {
  const waitS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
  const withinS = parseNumber("--within", args.within, { min: 1, max: 86_400 });
  for (const [option, value] of [["bundle", args.bundle], ["camera-turn-deg", args.cameraTurnDeg], ["env", args.env], ["seed", args.seed], ["moves", args.moves], ["radius", args.radius]] as const) {
    if (value !== undefined) throw new UsageError(`--${option} is for --simulate; a running controller has its own${option === "moves" ? " parameter calibrate.moves" : option === "radius" ? " parameter calibrate.radius_m" : ""}`);
  }
  const [{ callCalibration }, { parseCalibration }] = await Promise.all([import("./call-calibration.js"), import("../calibration/index.js")]);
  const interrupt = new AbortController();
  process.once("SIGINT", () => { interrupt.abort(); });
  return parseCalibration(await callCalibration({ node: args.node, waitS, withinS, signal: interrupt.signal }), `of ${args.node}`);
}

async function simulated(args: Omit<RobotArguments, "env"> & { readonly env: (typeof ENVIRONMENT_CHOICES)[number] | undefined }): Promise<import("../calibration/index.js").CameraCalibration> {
  const turnDeg = parseNumber("--camera-turn-deg", args.cameraTurnDeg ?? "0", { min: -180, max: 180 });
  const seed = parseNumber("--seed", args.seed ?? "0", { min: 0, max: 2 ** 30 - 1, whole: true });
  const size = {
    ...(args.moves === undefined ? {} : { moves: parseNumber("--moves", args.moves, { min: 6, max: 100, whole: true }) }),
    ...(args.radius === undefined ? {} : { radiusM: parseNumber("--radius", args.radius, { min: 0.02, max: 0.14 }) }),
  };
  const bundleDirectory = findBundleDir(args.bundle);
  const [{ cameraCalibration }, { calibrateSimulated, SIMULATED_PIVOT_M }, { bundleIdentity, readManifest }, { ProgressLine }] = await Promise.all([
    import("../calibration/index.js"), import("../evaluation/calibrate-simulated.js"), import("../world-model/index.js"), import("../demo/progress-line.js"),
  ]);
  const manifest = await readManifest(bundleDirectory);
  const progress = new ProgressLine(process.stderr);
  try {
    const result = await calibrateSimulated({
      bundleDirectory, cameraTurnRad: (turnDeg * Math.PI) / 180, seed, ...size, ...(args.env === undefined ? {} : { environment: args.env }),
      say: (line) => { progress.update(line); },
    });
    return cameraCalibration(result, { bundle: bundleIdentity(manifest), cameraTopic: SIMULATED_CAMERA, created: new Date().toISOString(), pivotM: SIMULATED_PIVOT_M });
  } finally {
    progress.done();
  }
}
