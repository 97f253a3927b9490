/** What a graph of a bundle is called on an inference server. */
export interface ServedModel {
  readonly name: string;
  /** Says which file it is, to the bit: a server with another one has another version. */
  readonly version: string;
  /** The file of the bundle, for messages. */
  readonly file: string;
}

/** Above all version numbers that people give; keeps a version from beginning with 0, which servers pass over. */
const VERSION_BASE = 2n ** 48n;

/**
 * The name and version under which `training/model_repository.py` files a graph. Versions are whole numbers on Triton and its like; the first 48 bits of the
 * file's SHA-256 fit in one, so that every server can tell which file it has in the protocol's own terms.
 *
 * @param bundle the manifest's name. @param file "rollout.onnx". @param sha256 of the file, in hexadecimal.
 */
export function servedModel(bundle: string, file: string, sha256: string): ServedModel {
  return {
    name: `${bundle.replaceAll(/[^A-Za-z0-9_.-]+/g, "-")}-${file.replace(/\.onnx$/, "")}`,
    version: (VERSION_BASE + BigInt(`0x${sha256.slice(0, 12)}`)).toString(),
    file,
  };
}
