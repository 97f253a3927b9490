/** Writes arrays as NumPy's .npy files (format version 1.0), which Python reads without copying. */
import { writeFileSync } from "node:fs";

/** Unsigned bytes and little-endian 32-bit floats. */
type Kind = "u1" | "f4";

/**
 * @param shape sizes of the axes; their product is the number of elements in `data`.
 * @throws Error when data and shape do not agree.
 */
export function writeNpy(file: string, kind: Kind, shape: readonly number[], data: Uint8Array | Float32Array): void {
  writeFileSync(file, Buffer.concat(npyPieces(kind, shape, [data])));
}

/**
 * What a file consists of, one piece behind the other, for those who write without gathering everything first.
 *
 * @param data its elements in pieces, which are not copied.
 * @throws Error when data and shape do not agree.
 */
export function npyPieces(kind: Kind, shape: readonly number[], data: readonly (Uint8Array | Float32Array)[]): Uint8Array[] {
  const count = shape.reduce((product, size) => product * size, 1);
  const elements = data.reduce((sum, { length }) => sum + length, 0);
  if (count !== elements) throw new Error(`npy: ${elements} elements do not fill the shape ${shape.join("x")}`);
  const dtype = kind === "u1" ? "|u1" : "<f4";
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  // The data starts at a multiple of 64 bytes; the header ends with a newline.
  const padded = header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 11) + "\n";
  const head = Buffer.alloc(10 + padded.length);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(padded.length, 8);
  head.write(padded, 10, "latin1");
  return [head, ...data.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))];
}
