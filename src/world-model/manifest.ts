import { z } from "zod";
import { oneLine } from "../text/one-line.js";
import { refusal } from "../text/refusal.js";
import { BundleError } from "./bundle-error.js";

/** The version of the bundle format that this code reads. */
export const SCHEMA_VERSION = 1;

/** The graphs of a bundle; all but the last must be listed in `files`. */
export const GRAPH_FILES = ["encoder.onnx", "rollout.onnx", "proposal.onnx"] as const;

// Each field carries the sentence that says what belongs there; `refusal` puts path and value before it.
const text = (todo: string) => z.string({ error: todo }).min(1, { error: todo });
const number = (todo: string) => z.number({ error: todo });
const count = (todo: string) => z.int({ error: todo }).min(1, { error: todo });
const only = <const T extends string | number>(value: T, todo: string) => z.literal(value, { error: todo });
const list = <T extends z.ZodType>(item: T, todo: string) => z.array(item, { error: todo }).min(1, { error: todo });
const section = <T extends z.ZodRawShape>(shape: T, todo: string) =>
  z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? "not a field of this format: remove it, or put it under training" : todo,
  });

const unit = text('write the SI unit ("m", "rad", "m/s", "rad/s", or "1")').refine((name) => !/deg/i.test(name), {
  error: "degrees are not used: convert to rad",
});
const frame = z.enum(["base", "camera"], {
  error: 'write "base": poses and moves are in the robot\'s base frame; or "camera": x and y are in axes that go with the camera about the vertical',
});
const euler = only("extrinsic_xyz", 'write "extrinsic_xyz": roll, pitch, yaw about the fixed axes x, y, z, in this order').optional();
const contents = {
  sha256: text("write the file's SHA-256 in hexadecimal").regex(/^[0-9a-f]{64}$/, { error: "write the file's SHA-256 as 64 lower-case hexadecimal digits" }),
  bytes: count("write the file's size in bytes"),
};
// Whatever is read lies in the bundle's folder.
const sideFile = section({
  name: text("write the side file's name").regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: "write a file name of letters, digits, points, hyphens and underscores, without a folder" }),
  ...contents,
}, "write the side file's name, sha256 and bytes");
const file = section({
  ...contents,
  side_files: list(sideFile, "list the files that hold the graph's weights, or leave it out").optional(),
}, "write the file's sha256 and bytes");

const threshold = number("write a threshold above 0").positive({ error: "write a threshold above 0" });
const frames = count("write how many pictures in a row an alarm takes");
const means = list(number("write a number"), "write one mean for each entry");
const spreads = list(number("write a number").positive({ error: "write a standard deviation above 0" }), "write one standard deviation for each entry");

const schema = z.strictObject({
  schema_version: only(SCHEMA_VERSION, `this version of jepa-mpc reads ${SCHEMA_VERSION}: export the bundle again`),
  name: text("write the model's name"),
  source: text("write where the model comes from"),
  license: text("write the licence of the weights (SPDX)"),
  created: text("write the date as YYYY-MM-DD").regex(/^\d{4}-\d{2}-\d{2}/, { error: "write the date as YYYY-MM-DD" }),
  image: section({
    width: count("write the width in pixels"),
    height: count("write the height in pixels"),
    channels: only("rgb", 'write "rgb": the encoder must take red, green, blue'),
    crop: only("center_square", 'write "center_square": no other crop is known'),
    frames: only(1, "write 1: clips of several frames are not supported yet"),
  }, "describe the picture the encoder takes"),
  latent: section({
    shape: list(count("write a positive whole number"), "write [D], the encoder's output without the batch").max(1, { error: "write [D]: the graphs must flatten the latent" }),
    dtype: only("float32", 'write "float32"'),
    readable: section({
      names: list(text("name the entry"), "name the entries, in the order of the latent"),
      units: list(unit, "write one unit for each name"),
      mean: list(number("write a number"), "write one mean for each name"),
      std: list(number("write a number").positive({ error: "write a standard deviation above 0" }), "write one standard deviation for each name"),
      gripper: section({
        name: text("write the name of the gripper's entry"),
        open: number("write the entry's value with the gripper open, in its unit"),
        closed: number("write the entry's value with the gripper closed, in its unit"),
      }, "say which entry is the gripper's, and what it is open and closed, or leave it out").optional(),
    }, "say what the entries mean (value = mean + std x entry), or leave it out").optional(),
  }, "describe the latent"),
  state: section({
    names: list(text("name the value"), "name the proprioceptive values, in the order of the graph"),
    units: list(unit, "write one unit for each name"),
    frame,
    low: list(number("write a number"), "write the least value that each name can have").optional(),
    high: list(number("write a number"), "write the largest value that each name can have").optional(),
    euler,
    gripper: z.enum(["opening", "closedness"], { error: 'write "opening" (m, or 0 closed to 1 open) or "closedness" (0 open to 1 closed)' }).optional(),
  }, "describe the proprioception"),
  action: section({
    kind: z.enum(["ee_delta", "joint_delta"], { error: 'write "ee_delta" or "joint_delta"' }),
    names: list(text("name the action"), "name the action's dimensions, in the order of the graph"),
    units: list(unit, "write one unit for each name"),
    low: list(number("write a number"), "write one lower bound for each name"),
    high: list(number("write a number"), "write one upper bound for each name"),
    period_s: number("write the time of one action in seconds").positive({ error: "write the time of one action in seconds, above 0" }),
    frame,
    euler,
    gripper: z.enum(["opening", "closedness_change"], { error: 'write "opening" (0 closed to 1 open) or "closedness_change" (what is added to 0 open .. 1 closed)' }).optional(),
  }, "describe the action"),
  horizon: count("write the number of actions rollout.onnx takes"),
  energy: section({
    kind: text("name the energy"),
    description: text("say in a sentence what the energy is"),
    noise_floor: number("write the energy between two pictures of the same scene").min(0, { error: "an energy is at least 0" }),
    reached_below: number("write the energy under which a goal is reached").positive({ error: "write an energy above 0" }),
    training_quantiles: section({
      p50: number("write the median of the training energies"),
      p95: number("write the 95 % quantile of the training energies"),
      p99: number("write the 99 % quantile of the training energies"),
    }, "write p50, p95 and p99 of the training energies"),
  }, "describe the energy"),
  planning: section({
    candidates: count("write the sequences of the first iteration"),
    iterations: count("write the iterations of a plan"),
    elites: count("write the sequences that a distribution is refitted to"),
    initial_std: number("write a share of the box's half width").positive({ error: "write a share of the box's half width, above 0" }),
    noise_exponent: number("write the exponent of the noise along the horizon").min(0, { error: "write an exponent of at least 0" }),
    min_std: number("write the least width, as a share of the box's half width").positive({ error: "write a share of the box's half width, above 0 to 1" }).max(1, { error: "write a share of the box's half width, above 0 to 1" }).optional(),
    exploration_floor: number("write the share of the width that is left at the goal").positive({ error: "write a share above 0, to 1" }).max(1, { error: "write a share above 0, to 1" }).optional(),
    path_weight: number("write the weight of the way against the end").min(0, { error: "write a weight of at least 0: 0 looks at the end only" }),
    proposals: number("write the share of candidates that proposal.onnx makes").min(0, { error: "write a share from 0 to 0.5" }).max(0.5, { error: "write a share from 0 to 0.5" }).optional(),
    refinement: z.int({ error: "write the populations of the refinement, a whole number" }).min(0, { error: "write the populations of the refinement, 0 for none" }).optional(),
    switched: z.array(text("name the action"), { error: "list the actions that are either low or high; [] is none" }),
  }, "write the settings of the search that the bundle was measured with, or leave them out").optional(),
  surprise: section({
    source: text("write which runs were normal"),
    created: text("write the date as YYYY-MM-DD").regex(/^\d{4}-\d{2}-\d{2}/, { error: "write the date as YYYY-MM-DD" }),
    alpha: number("write the false alarms a normal run").gt(0, { error: "write a rate between 0 and 1" }).lt(1, { error: "write a rate between 0 and 1" }),
    fit_runs: count("write how many runs said what is usual"),
    threshold_runs: count("write how many runs set the thresholds"),
    prediction: section({ mean: means, std: spreads, threshold, frames }, "write mean, std, threshold and frames").optional(),
    arm: section({
      latent: list(text("name an entry of the latent"), "name entries of the latent"), state: list(text("name a value of the state"), "name values of the state"),
      mean: means, std: spreads, threshold, frames,
    }, "write latent, state, mean, std, threshold and frames").optional(),
    picture: section({ threshold, frames }, "write threshold and frames").optional(),
    energy: section({ threshold, frames }, "write threshold and frames").optional(),
    goal: section({ threshold }, "write the threshold").optional(),
  }, "make it with jepa-mpc surprise calibrate, or leave it out").optional(),
  files: section({ "encoder.onnx": file, "rollout.onnx": file, "proposal.onnx": file.optional() }, "list encoder.onnx and rollout.onnx, and proposal.onnx if there is one, with sha256 and bytes"),
  training: z.record(z.string(), z.unknown(), { error: "write an object; what is in it is up to you" }),
}, {
  error: (issue) => issue.code === "unrecognized_keys"
    ? "not a field of this format: remove it, or put it under training"
    : "write the manifest as one JSON object",
}).superRefine(({ latent, state, action, energy, planning, surprise, files }, context) => {
  const refuse = (path: (string | number)[], message: string): void => context.addIssue({ code: "custom", path, message });
  const sameLength = (path: readonly string[], values: readonly unknown[], names: readonly string[]): void => {
    if (values.length !== names.length) {
      refuse([...path], `write one value for each of the ${names.length} names`);
    }
  };
  if (action.frame !== state.frame) refuse(["action", "frame"], `write ${JSON.stringify(state.frame)}, as in state.frame: both must be in the same axes`);
  sameLength(["state", "units"], state.units, state.names);
  sameLength(["action", "units"], action.units, action.names);
  sameLength(["action", "low"], action.low, action.names);
  sameLength(["action", "high"], action.high, action.names);
  const { readable } = latent;
  if (readable !== undefined) {
    if (readable.names.length !== latent.shape[0]) refuse(["latent", "readable", "names"], `write one name for each of the ${latent.shape[0]} entries`);
    for (const field of ["units", "mean", "std"] as const) sameLength(["latent", "readable", field], readable[field], readable.names);
    const { gripper } = readable;
    if (gripper !== undefined && !readable.names.includes(gripper.name)) refuse(["latent", "readable", "gripper", "name"], `write one of latent.readable.names: ${readable.names.join(", ")}`);
    if (gripper !== undefined && gripper.open === gripper.closed) refuse(["latent", "readable", "gripper", "closed"], "write another value than for open");
  }
  if ((state.low === undefined) !== (state.high === undefined)) {
    refuse(["state", state.low === undefined ? "low" : "high"], "write both of state.low and state.high, or neither");
  }
  if (state.low !== undefined) sameLength(["state", "low"], state.low, state.names);
  if (state.high !== undefined) sameLength(["state", "high"], state.high, state.names);
  state.low?.forEach((low, i) => {
    if (state.high?.[i] !== undefined && !(low < state.high[i])) {
      refuse(["state", "low", i], `write a bound below state.high[${i}], which is ${state.high[i]}`);
    }
  });
  action.low.forEach((low, i) => {
    // A dimension that the model knows and the search leaves alone is one whose bounds are both 0.
    const leftAlone = low === 0 && action.high[i] === 0;
    if (action.high[i] !== undefined && !leftAlone && !(low < action.high[i])) {
      refuse(["action", "low", i], `write a bound below action.high[${i}], which is ${action.high[i]}`);
    }
  });
  planning?.switched.forEach((name, i) => {
    if (!action.names.includes(name)) {
      refuse(["planning", "switched", i], `write one of action.names: ${action.names.join(", ")}`);
    }
  });
  if (planning !== undefined && planning.candidates < 2 * planning.elites) {
    refuse(["planning", "candidates"], `write at least twice planning.elites, which is ${planning.elites}`);
  }
  if ((planning?.proposals ?? 0) > 0 && files["proposal.onnx"] === undefined) {
    refuse(["planning", "proposals"], "there is no files[\"proposal.onnx\"] to make them: write 0, or export the bundle again");
  }
  if (surprise?.prediction !== undefined) {
    for (const field of ["mean", "std"] as const) {
      if (surprise.prediction[field].length !== latent.shape[0]) refuse(["surprise", "prediction", field], `write one value for each of the ${latent.shape[0]} entries of the latent`);
    }
  }
  if (surprise?.arm !== undefined) {
    const { arm } = surprise;
    for (const field of ["state", "mean", "std"] as const) sameLength(["surprise", "arm", field], arm[field], arm.latent);
    for (const [field, names] of [["latent", readable?.names ?? []], ["state", state.names]] as const) {
      arm[field].forEach((name, i) => {
        if (!names.includes(name)) refuse(["surprise", "arm", field, i], `write one of ${field === "latent" ? "latent.readable.names" : "state.names"}: ${names.join(", ")}`);
      });
    }
  }
  const { p50, p95, p99 } = energy.training_quantiles;
  if (!(p50 <= p95 && p95 <= p99)) {
    refuse(["energy", "training_quantiles"], "quantiles must not fall: p50 <= p95 <= p99");
  }
});

/** `manifest.json` of a world-model bundle, as docs/design.md has it. Field names carry their units or stand beside `units`. */
export type Manifest = z.infer<typeof schema>;

/**
 * Reads a manifest.
 *
 * @param json the text of manifest.json. @param name what to call the bundle in a refusal.
 * @throws BundleError, one line: the first field that does not hold, its value, and what belongs there.
 */
export function parseManifest(json: string, name: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new BundleError(`bundle ${name}: manifest.json is not JSON (${oneLine(cause)}): export the bundle again`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    // The version explains the rest, so it goes first.
    const issues = result.error.issues;
    const issue = issues.find(({ path }) => path[0] === "schema_version") ?? issues[0]!;
    throw new BundleError(`bundle ${name}: manifest.json: ${refusal(issue, value, "the manifest")}`);
  }
  return result.data;
}
