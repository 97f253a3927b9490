import type { Manifest } from "./manifest.js";

/**
 * A latent in which the gripper is open or closed, and everything else as it was.
 *
 * @param latent [latentDim]; not changed.
 * @returns [latentDim], a fresh array.
 * @throws Error with one line when the bundle does not say which entry of its latent is the gripper's.
 */
export function withGripper(latent: Float32Array, { name, latent: { readable } }: Pick<Manifest, "name" | "latent">, gripper: "open" | "closed"): Float32Array {
  if (readable?.gripper === undefined) {
    throw new Error(`bundle ${name} cannot be told that the gripper is ${gripper}: its manifest has no latent.readable.gripper, which says where the latent has the gripper; use a picture with the gripper ${gripper}`);
  }
  const index = readable.names.indexOf(readable.gripper.name);
  const changed = latent.slice();
  changed[index] = (readable.gripper[gripper] - readable.mean[index]!) / readable.std[index]!;
  return changed;
}
