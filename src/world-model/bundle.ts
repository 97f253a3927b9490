import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { oneLine } from "../text/one-line.js";
import { ProviderError } from "./backends/execution-providers.js";
import type { Backend, Graph, ServingBackend, SideFile } from "./backends/types.js";
import { BundleError } from "./bundle-error.js";
import { checkEncoder, checkProposal, checkRollout } from "./graph-contract.js";
import { parseManifest, type Manifest } from "./manifest.js";

/** A bundle that holds what it says: files whole, graphs as the manifest has them. */
export interface Bundle {
  /** The folder's name, for messages. */
  readonly name: string;
  readonly manifest: Manifest;
  readonly encoder: Graph;
  readonly rollout: Graph;
  /** The policy; a bundle may have none. */
  readonly proposal?: Graph;
}

/**
 * Reads only the manifest of a bundle; the graphs are not looked at.
 * @throws BundleError
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const name = basename(resolve(directory));
  const json = await readBundleFile(directory, name, "manifest.json");
  return parseManifest(json.toString("utf8"), name);
}

/**
 * Loads a bundle and checks that everything in it agrees. The bytes that were hashed are the bytes that run: the files are read
 * once, weights beside a graph too, and a graph with weights in a file that is not listed cannot be loaded. Of graphs that are served elsewhere only the manifest is
 * read; what is served must be what the manifest lists.
 *
 * @param directory the bundle's folder. @param backend what runs the graphs; the caller closes them.
 * @throws BundleError, one line: the file or field, what is there, what to do. @throws ProviderError of the backend. @throws ModelUnavailable when graphs are served
 * elsewhere and cannot be had.
 */
export async function loadBundle(directory: string, backend: Backend | ServingBackend): Promise<Bundle> {
  const manifest = await readManifest(directory);
  const folder = basename(resolve(directory));
  const name = "openServed" in backend ? `${folder} at ${backend.address}` : folder;
  const encoder = await loadGraph(directory, name, "encoder.onnx", manifest, backend);
  let rollout: Graph | undefined;
  let proposal: Graph | undefined;
  try {
    checkEncoder(manifest, encoder, name);
    rollout = await loadGraph(directory, name, "rollout.onnx", manifest, backend);
    checkRollout(manifest, rollout, name);
    if (manifest.files["proposal.onnx"] !== undefined) {
      proposal = await loadGraph(directory, name, "proposal.onnx", manifest, backend);
      checkProposal(manifest, proposal, name);
    }
  } catch (error) {
    await encoder.close();
    await rollout?.close();
    await proposal?.close();
    throw error;
  }
  return { name, manifest, encoder, rollout, ...(proposal === undefined ? {} : { proposal }) };
}

async function loadGraph(directory: string, name: string, file: keyof Manifest["files"], manifest: Manifest, backend: Backend | ServingBackend): Promise<Graph> {
  const entry = manifest.files[file]!;
  if ("openServed" in backend) return backend.openServed(manifest.name, file, entry.sha256);
  const bytes = await readListedFile(directory, name, file, entry);
  const sideFiles: SideFile[] = [];
  for (const { name: side, ...listed } of entry.side_files ?? []) {
    sideFiles.push({ name: side, data: await readListedFile(directory, name, side, listed) });
  }
  try {
    return await backend.load(bytes, sideFiles);
  } catch (cause) {
    // Another bundle would start as little.
    if (cause instanceof ProviderError) throw cause;
    throw new BundleError(`bundle ${name}: ${file} cannot be loaded (${oneLine(cause)}): export the bundle again`, { cause });
  }
}

async function readListedFile(directory: string, name: string, file: string, { bytes: size, sha256 }: { readonly bytes: number; readonly sha256: string }): Promise<Buffer> {
  const bytes = await readBundleFile(directory, name, file);
  if (bytes.length !== size) {
    throw new BundleError(`bundle ${name}: ${file} has ${bytes.length} bytes, the manifest says ${size}: copy or export the bundle again`);
  }
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== sha256) {
    throw new BundleError(`bundle ${name}: ${file} has the SHA-256 ${hash}, the manifest says ${sha256}: copy or export the bundle again`);
  }
  return bytes;
}

async function readBundleFile(directory: string, name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, file));
  } catch (cause) {
    throw new BundleError(`bundle ${name}: ${file} cannot be read (${oneLine(cause)}): give the folder of a bundle`, { cause });
  }
}
