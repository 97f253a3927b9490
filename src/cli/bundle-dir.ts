import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { PROJECT_ROOT } from "./project.js";

/** Yargs option of all commands that need a model. */
export const BUNDLE_OPTION = {
  type: "string",
  requiresArg: true,
  describe: "World-model bundle: a folder, or a name in models/ [default: $JEPA_MPC_BUNDLE, else the newest in models/]",
} as const;

/**
 * Finds the bundle's folder; what is in it is for the world model to judge.
 *
 * @param models where bundles are shipped.
 * @throws Error with one line saying where was looked.
 */
export function findBundleDir(option: string | undefined, env: NodeJS.ProcessEnv = process.env, models = join(PROJECT_ROOT, "models")): string {
  const named = option ?? (env["JEPA_MPC_BUNDLE"] === "" ? undefined : env["JEPA_MPC_BUNDLE"]);
  if (named !== undefined) {
    const from = option === undefined ? "JEPA_MPC_BUNDLE" : "--bundle";
    if (existsSync(join(named, "manifest.json"))) {
      return resolve(named);
    }
    if (named !== "" && basename(named) === named && existsSync(join(models, named, "manifest.json"))) {
      return join(models, named);
    }
    const known = bundlesIn(models).map((bundle) => bundle.name);
    throw new Error(
      `${from} ${JSON.stringify(named)} is no bundle (a folder with manifest.json, encoder.onnx and rollout.onnx)` +
      (known.length > 0 ? `; in models/ there are: ${known.join(", ")}` : ""),
    );
  }
  const newest = bundlesIn(models).at(-1);
  if (newest === undefined) {
    throw new Error(`there is no world-model bundle in ${models}; give one with --bundle DIR or JEPA_MPC_BUNDLE`);
  }
  return join(models, newest.name);
}

/** Folders with a manifest, oldest first. The date in the manifest counts: a checkout gives all files the same age. */
function bundlesIn(models: string): { name: string; created: string }[] {
  if (!existsSync(models)) {
    return [];
  }
  return readdirSync(models)
    .filter((name) => !name.startsWith(".") && existsSync(join(models, name, "manifest.json")))
    .map((name) => ({ name, created: createdOf(join(models, name, "manifest.json")) }))
    .sort((a, b) => a.created.localeCompare(b.created, "en") || a.name.localeCompare(b.name, "en"));
}

function createdOf(manifest: string): string {
  try {
    const { created } = JSON.parse(readFileSync(manifest, "utf8")) as { created?: unknown };
    return typeof created === "string" ? created : "";
  } catch {
    // A damaged manifest is oldest; when it is the only one, loading it will say what is wrong.
    return "";
  }
}
