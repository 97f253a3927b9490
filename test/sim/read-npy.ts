import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** Reads a .npy file by NumPy's description of the format (version 1.0), independently of what writes it. */
export function readNpy(file: string): { dtype: string; shape: number[]; data: Uint8Array | Float32Array } {
  const bytes = readFileSync(file);
  assert.deepEqual([...bytes.subarray(0, 8)], [0x93, ...Buffer.from("NUMPY"), 1, 0]);
  const start = 10 + bytes.readUInt16LE(8);
  assert.equal(start % 64, 0, "the data is aligned");
  const header = bytes.toString("latin1", 10, start);
  assert.ok(header.endsWith("\n"));
  const fields = /^\{'descr': '([|<][uf]\d)', 'fortran_order': False, 'shape': \((\d+(?:, \d+)*),\), \} *\n$/.exec(header);
  assert.ok(fields !== null, header);
  const shape = fields[2]!.split(", ").map(Number);
  const body = bytes.subarray(start);
  const dtype = fields[1]!;
  const data = dtype === "|u1" ? Uint8Array.from(body) : Float32Array.from({ length: body.length / 4 }, (_, i) => body.readFloatLE(4 * i));
  assert.equal(data.length, shape.reduce((a, b) => a * b, 1));
  return { dtype, shape, data };
}
