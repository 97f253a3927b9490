import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RgbImage } from "../../src/camera/types.js";

/** The committed bundle; its formulas are in test/fixtures/make_bundle.py. Tests run from the package's root. */
export const tinyBundle = join("test", "fixtures", "tiny-bundle");

/** A manifest as plain data, free to be spoilt. */
export type LooseManifest = Record<string, Record<string, unknown>> & { schema_version: unknown; horizon: unknown };

export async function tinyManifest(): Promise<LooseManifest> {
  return JSON.parse(await readFile(join(tinyBundle, "manifest.json"), "utf8")) as LooseManifest;
}

/** A copy of the tiny bundle with another manifest; the folder is called `tiny-bundle` too. */
export async function spoiltBundle(spoil: (manifest: LooseManifest) => void): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "jepa-mpc-"));
  process.once("exit", () => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, "tiny-bundle");
  await cp(tinyBundle, directory, { recursive: true });
  const manifest = await tinyManifest();
  spoil(manifest);
  await writeFile(join(directory, "manifest.json"), JSON.stringify(manifest));
  return directory;
}

/** A copy of the tiny bundle that has a policy too. @param spoil is handed the manifest that lists it and asks for a share of 0.25. */
export async function proposingBundle(spoil: (manifest: LooseManifest) => void = () => undefined): Promise<string> {
  const bytes = await readFile(join("test", "fixtures", "proposal.onnx"));
  const directory = await spoiltBundle((manifest) => {
    manifest.files!["proposal.onnx"] = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
    manifest.planning = { ...tinySearch, proposals: 0.25 };
    spoil(manifest);
  });
  await writeFile(join(directory, "proposal.onnx"), bytes);
  return directory;
}

/** A copy of the tiny bundle as bundles were before rollout.onnx could say where each step leads. */
export async function oldBundle(): Promise<string> {
  const bytes = await readFile(join("test", "fixtures", "rollout-without-states.onnx"));
  const directory = await spoiltBundle((manifest) => {
    manifest.files!["rollout.onnx"] = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  });
  await writeFile(join(directory, "rollout.onnx"), bytes);
  return directory;
}

/** `planning` of a manifest. */
export const tinySearch = { candidates: 32, iterations: 3, elites: 6, initial_std: 0.5, noise_exponent: 2, path_weight: 0.5, switched: ["gripper"] };

/** A grey picture with squares on it; a square's place is its upper left pixel. */
export function picture(width: number, height: number, grey: number, squares: { x: number; y: number; size: number; rgb: [number, number, number] }[]): RgbImage {
  const data = new Uint8Array(width * height * 3).fill(grey);
  for (const { x, y, size, rgb } of squares) {
    for (let row = y; row < y + size; row++) {
      for (let column = x; column < x + size; column++) {
        data.set(rgb, (row * width + column) * 3);
      }
    }
  }
  return { width, height, data };
}
