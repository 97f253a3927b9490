import { createHash } from "node:crypto";
import type { Manifest } from "./manifest.js";

/** What tells a graph from every other one: its file's SHA-256, or one over those of its file and side files, which hold the weights. */
export function graphSha256({ sha256, side_files: sideFiles }: Manifest["files"]["encoder.onnx"]): string {
  if (sideFiles === undefined) return sha256;
  return createHash("sha256").update([sha256, ...sideFiles.map((file) => file.sha256)].join("\n")).digest("hex");
}
