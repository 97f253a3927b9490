import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { findBundleDir } from "./bundle-dir.js";

import type { LatentKey } from "../goals/goal-library.js";
import type { OnnxWorldModel, OnnxWorldModelOptions } from "../world-model/index.js";

export interface OpenModel {
  readonly model: OnnxWorldModel;
  readonly dir: string;
  /** What the goal library files this encoder's latents under. */
  readonly key: LatentKey;
}

/**
 * Loads the bundle that the option, the environment or `models/` names; the caller closes the model.
 *
 * @param running how and where. Default: on this machine's CPU.
 * @throws Error with one line when there is none or it does not hold what it says.
 */
export async function openModel(option: string | undefined, running: OnnxWorldModelOptions = {}): Promise<OpenModel> {
  const dir = findBundleDir(option);
  const { bundleIdentity, OnnxWorldModel } = await import("../world-model/index.js");
  const model = await OnnxWorldModel.load(dir, running);
  const { name, encoderSha256 } = bundleIdentity(model.manifest);
  return { model, dir, key: { bundle: name, encoderSha256, dim: model.latentDim } };
}

/** The action that leaves the robot where it is, for each step of the horizon: [horizon, actionDim]. */
export async function restActions(model: OnnxWorldModel, state: Float32Array): Promise<Float32Array> {
  const { restActionOf } = await import("../control/rest-action.js");
  const { FR3_FULL_OPENING_M } = await import("../robot/fr3.js");
  const rest = restActionOf(model.manifest, FR3_FULL_OPENING_M);
  const one = rest(state);
  const actions = new Float32Array(model.horizon * model.actionDim);
  for (let h = 0; h < model.horizon; h++) {
    actions.set(one, h * model.actionDim);
  }
  return actions;
}

/**
 * Proprioception of the demo robot at rest in its ready pose, for pictures whose robot state is not known.
 *
 * @returns [stateDim], or undefined when the bundle's state is not the demo robot's.
 */
export async function readyState(model: OnnxWorldModel, urdfFile: string): Promise<Float32Array | undefined> {
  if (model.manifest.action.kind !== "ee_delta") return undefined;
  const { FR3_READY, fr3ActionsOf, fr3Model } = await import("../robot/fr3.js");
  const robot = await fr3Model(await readFile(urdfFile, "utf8"));
  const positions = Float64Array.from(FR3_READY);
  try {
    return fr3ActionsOf(robot, model.manifest).state({ positions, velocities: new Float64Array(positions.length) });
  } catch {
    // A bundle for another robot: its state is asked for.
    return undefined;
  }
}

/** The demo robot's description. */
export function demoUrdf(root: string): string {
  return join(root, "urdf", "fr3.urdf");
}
