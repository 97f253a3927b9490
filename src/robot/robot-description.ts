import { z } from "zod";
import { oneLine } from "../text/one-line.js";
import { refusal } from "../text/refusal.js";

// Each field carries the sentence that says what belongs there; `refusal` puts field and value before it.
const text = (todo: string) => z.string({ error: todo }).min(1, { error: todo });
const number = (todo: string) => z.number({ error: todo });
const positive = (todo: string) => z.number({ error: todo }).positive({ error: todo });
const tuple = <const N extends 2 | 3>(length: N, todo: string) =>
  z.array(number("write a number"), { error: todo }).length(length, { error: todo }) as unknown as z.ZodType<N extends 2 ? readonly [number, number] : readonly [number, number, number]>;
const section = <T extends z.ZodRawShape>(shape: T, todo: string) =>
  z.strictObject(shape, { error: (issue) => issue.code === "unrecognized_keys" ? "not a field of a robot description: remove it" : todo });

/** What of the node's parameters `safety.<name>` a robot may set. */
export const SAFETY_NAMES = [
  "position_margin", "tracking_tolerance", "max_tool_speed_mps", "workspace_tolerance_m", "singularity_slow_down", "singularity_halt",
  "self_slow_down_distance_m", "self_halt_distance_m", "scene_slow_down_distance_m", "scene_halt_distance_m",
] as const;

export type SafetyName = (typeof SAFETY_NAMES)[number];

const box = section({ low: tuple(3, "write the lower corner as [x, y, z], m"), high: tuple(3, "write the upper corner as [x, y, z], m") }, "write low and high, m");

const simulation = section({
  /** What holds each joint at its command, as a spring and a damper. */
  servos: z.array(section({
    joints: z.array(text("name a joint")).min(1, { error: "name at least one joint" }),
    kp: positive("write the stiffness, N m/rad (N/m)"),
    kv: positive("write the damping, N m s/rad (N s/m)"),
    max_force: positive("write the largest torque, N m (N)"),
    armature: positive("write the inertia of motor and gear, kg m² (kg)"),
  }, "write joints, kp, kv, max_force and armature"), { error: "list the servos of all joints" }),
  /** Pairs of links whose shapes may overlap. */
  excluded_contacts: z.array(z.tuple([text("name a link"), text("name a link")]), { error: "list pairs of links" }).default([]),
  table: section({ center_m: tuple(3, "write the centre as [x, y, z], m"), half_size_m: tuple(3, "write the half edges as [x, y, z], m") }, "write center_m and half_size_m").optional(),
  camera: section({ position_m: tuple(3, "write the camera's place, m"), look_at_m: tuple(3, "write what it looks at, m"), fov_y_rad: positive("write the vertical field of view, rad") }, "write position_m, look_at_m and fov_y_rad").optional(),
  /** Where cube and cup stand, out of the arm's way. */
  things: section({ cube: tuple(2, "write [x, y], m"), cup: tuple(2, "write [x, y], m") }, "write where cube and cup stand").optional(),
  reach: section({
    start_distance_m: tuple(2, "write the least and the largest distance of the tool from its goal, m"),
    tolerance_m: positive("write the distance at which the goal counts as reached, m"),
    max_steps: z.int({ error: "write how many actions are enough" }).positive({ error: "write how many actions are enough" }),
  }, "write start_distance_m, tolerance_m and max_steps").optional(),
}, "describe the simulation, or leave it out");

const schema = section({
  name: text("write a short name").regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { error: "write letters, digits, hyphens and underscores" }),
  description: text("write a sentence, or leave it out").optional(),
  /** A relative path is looked for beside the description, then in the installation. */
  urdf: text("write the URDF file"),
  base_link: text("write the link that poses are expressed in"),
  tool_link: text("write the link that is the tool"),
  joints: z.array(text("name a joint"), { error: "list the controlled joints" }).min(1, { error: "list the controlled joints" }),
  posture: z.array(number("write a number"), { error: "write a usual posture: one value for each joint, rad or m" }),
  workspace: box,
  gripper: section({ joint: text("name the gripper's joint"), max_joint: positive("write its value when open, rad or m"), opening_per_joint: positive("write the opening (m) per unit of it") }, "write joint, max_joint and opening_per_joint"),
  action: z.discriminatedUnion("kind", [
    section({ kind: z.literal("ee_delta") }, "write kind"),
    section({
      kind: z.literal("joint_delta"),
      period_s: positive("write the time of one action, s"),
      max_delta: z.array(positive("write a change above 0"), { error: "write the largest change of each joint in one action, rad or m" }),
    }, "write kind, period_s and max_delta"),
  ], { error: 'write {"kind": "ee_delta"} or {"kind": "joint_delta", "period_s": ..., "max_delta": [...]}' }),
  /** Like `urdf`. */
  keep_out_file: text("write the keep-out file, or leave it out").optional(),
  /** Parameters `safety.<name>` of the node that differ from their defaults. */
  safety: section(Object.fromEntries(SAFETY_NAMES.map((name) => [name, number("write a number").optional()])) as Record<SafetyName, z.ZodOptional<z.ZodNumber>>, "write numbers of the node's safety.* parameters, or leave it out").default({}),
  simulation: simulation.optional(),
}, "write the description as one JSON object").superRefine(({ joints, posture, workspace, gripper, action }, context) => {
  const refuse = (path: (string | number)[], message: string): void => context.addIssue({ code: "custom", path, message });
  if (posture.length !== joints.length) refuse(["posture"], `write one value for each of the ${joints.length} joints`);
  if (!joints.includes(gripper.joint)) refuse(["gripper", "joint"], `write one of joints: ${joints.join(", ")}`);
  if (action.kind === "joint_delta" && action.max_delta.length !== joints.length) refuse(["action", "max_delta"], `write one value for each of the ${joints.length} joints`);
  workspace.low.forEach((low, axis) => {
    if (!(low < workspace.high[axis]!)) refuse(["workspace", "low", axis], `write less than workspace.high[${axis}], which is ${workspace.high[axis]}`);
  });
});

/** What the program has to know of a robot besides its URDF: a file of `config/robots/`. Lengths in m, angles in rad. */
export type RobotDescription = z.infer<typeof schema>;

/**
 * Reads the text of a robot description.
 *
 * @param name what to call the file in a refusal. @throws Error with one line: the first field that does not hold, its value, what belongs there.
 */
export function parseRobotDescription(json: string, name: string): RobotDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new Error(`robot description ${name} is not JSON (${oneLine(cause)})`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new Error(`robot description ${name}: ${refusal(result.error.issues[0]!, value, "the file")}`);
  return result.data;
}
