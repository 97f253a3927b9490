import { graphSha256 } from "./graph-sha256.js";
import type { Manifest } from "./manifest.js";

/** Which bundle something was made with: its name for people, its graphs for the check. */
export interface BundleIdentity {
  readonly name: string;
  /** Of its graphs, weights in side files included. */
  readonly encoderSha256: string;
  readonly rolloutSha256: string;
}

export function bundleIdentity({ name, files }: Manifest): BundleIdentity {
  return { name, encoderSha256: graphSha256(files["encoder.onnx"]), rolloutSha256: graphSha256(files["rollout.onnx"]) };
}
