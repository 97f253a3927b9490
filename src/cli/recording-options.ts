import { ROBOT_OPTION } from "./robot-option.js";
import { parseNumber } from "./numbers.js";
import { UsageError } from "./usage-error.js";

/** Options that recording and importing have in common. */
export const RECORDING_OPTIONS = {
  robot: { ...ROBOT_OPTION, describe: "The arm: a name of config/robots/, or the path of a robot description; says joints, period and largest steps" },
  joints: { type: "string", requiresArg: true, describe: "Joints to keep, between commas, in the order that the data set is to have [default: the robot's]" },
  period: { type: "string", requiresArg: true, describe: "Time of one action, s [default: the robot's, or 0.2]" },
  steps: { type: "string", requiresArg: true, default: "24", describe: "Actions an episode" },
  "image-size": { type: "string", requiresArg: true, default: "96", describe: "Side of the pictures in the data set, pixels, a multiple of 4; larger ones are cropped in the middle and scaled" },
} as const;

/** What the options say of the arm whose data it is. */
export interface RecordedArm {
  readonly robot?: string;
  readonly joints: readonly string[];
  readonly units: readonly string[];
  readonly periodS: number;
  readonly steps: number;
  readonly imageSize: number;
  readonly maxDelta?: readonly number[];
  readonly gripper?: { readonly joint: string; readonly max_joint: number };
}

/** @throws UsageError or Error with one line for what is missing or cannot be used. */
export async function recordedArm(args: {
  readonly robot?: string | undefined; readonly joints?: string | undefined; readonly period?: string | undefined; readonly steps: string; readonly imageSize: string;
}): Promise<RecordedArm> {
  const steps = parseNumber("--steps", args.steps, { min: 2, max: 999, whole: true });
  const imageSize = parseNumber("--image-size", args.imageSize, { min: 64, max: 256, whole: true });
  if (imageSize % 4 !== 0) throw new UsageError(`--image-size ${imageSize}: give a multiple of 4`);
  const [{ findRobot }, { parseUrdf }] = await Promise.all([import("../robot/find-robot.js"), import("../robot/urdf.js")]);
  const robot = args.robot === undefined ? undefined : findRobot(args.robot);
  const joints = args.joints?.split(",").map((joint) => joint.trim()) ?? robot?.description.joints;
  if (joints === undefined || joints.some((joint) => joint === "")) throw new UsageError("say which joints to keep: --robot NAME, or --joints a,b,c");
  const twin = joints.find((joint, i) => joints.indexOf(joint) < i);
  if (twin !== undefined) throw new UsageError(`--joints names ${twin} twice`);
  const described = robot?.description;
  const stranger = described === undefined ? undefined : joints.find((joint) => !described.joints.includes(joint));
  if (stranger !== undefined) throw new UsageError(`--joints: the ${described!.name} has no joint ${stranger}; it has ${described!.joints.join(", ")}`);
  const action = described?.action.kind === "joint_delta" ? described.action : undefined;
  const periodS = args.period === undefined ? action?.period_s ?? 0.2 : parseNumber("--period", args.period, { min: 0.02, max: 5 });
  const prismatic = new Set(robot === undefined ? [] : parseUrdf(robot.urdf).joints.filter(({ type }) => type === "prismatic").map(({ name }) => name));
  return {
    joints, units: joints.map((joint) => prismatic.has(joint) ? "m" : "rad"), periodS, steps, imageSize,
    ...(described === undefined ? {} : { robot: described.name, gripper: described.gripper }),
    // Said for the period that they are for.
    ...(action === undefined || action.period_s !== periodS ? {} : { maxDelta: joints.map((joint) => action.max_delta[described!.joints.indexOf(joint)]!) }),
  };
}
