import { type FileHandle, open } from "node:fs/promises";

const HEADER = /^\{'descr': '([^']+)', 'fortran_order': (True|False), 'shape': \((\d+(?:, ?\d+)*),?\), \} *\n$/;
const TYPES = { "<f4": 4, "|u1": 1 } as const;

/** A NumPy array on disk (.npy, version 1), of which rows are read as they are needed. */
export class NpyFile {
  readonly shape: readonly number[];
  readonly type: keyof typeof TYPES;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #begin: number;

  private constructor(file: string, handle: FileHandle, begin: number, type: keyof typeof TYPES, shape: readonly number[]) {
    this.#file = file;
    this.#handle = handle;
    this.#begin = begin;
    this.type = type;
    this.shape = shape;
  }

  /** @throws Error with one line when it is none, or of another type or shape. @param shape sizes of the axes after the first that it must have; 0 is any. */
  static async open(file: string, type: keyof typeof TYPES, shape: readonly number[]): Promise<NpyFile> {
    let handle: FileHandle;
    try {
      handle = await open(file, "r");
    } catch (error) {
      throw new Error(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, { cause: error });
    }
    try {
      const head = Buffer.alloc(10);
      await handle.read(head, 0, 10, 0);
      if (head.toString("latin1", 0, 8) !== "\x93NUMPY\x01\x00") throw new Error(`${file} is not a .npy file of version 1`);
      const text = Buffer.alloc(head.readUInt16LE(8));
      await handle.read(text, 0, text.length, 10);
      const [, kind, fortran, sizes] = HEADER.exec(text.toString("latin1")) ?? [];
      const found = sizes?.split(",").map(Number) ?? [];
      const fits = found.length === shape.length + 1 && shape.every((size, i) => size === 0 || size === found[i + 1]);
      if (kind !== type || fortran !== "False" || !fits) {
        throw new Error(`${file} is ${kind ?? "unreadable"} of shape ${found.join("x")}; wanted ${type} of shape Nx${shape.map((size) => (size === 0 ? "?" : size)).join("x")}`);
      }
      const begin = 10 + text.length;
      const wanted = begin + TYPES[type] * found.reduce((a, b) => a * b, 1);
      const { size } = await handle.stat();
      if (size !== wanted) throw new Error(`${file} has ${size} bytes, its header asks for ${wanted}: it is cut off; make the data again`);
      return new NpyFile(file, handle, begin, type, found);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Elements of the rows `[first, first + count)` of the array seen as [rows, rowLength]; rowLength need not be an axis. */
  async bytes(first: number, count: number, rowLength: number): Promise<Uint8Array> {
    const size = TYPES[this.type] * rowLength;
    const bytes = new Uint8Array(count * size);
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, this.#begin + first * size);
    if (bytesRead !== bytes.length) throw new Error(`${this.#file} was cut off while it was read`);
    return bytes;
  }

  /** As `bytes`, of 32-bit floats. */
  async floats(first: number, count: number, rowLength: number): Promise<Float32Array> {
    const { buffer } = await this.bytes(first, count, rowLength);
    return new Float32Array(buffer);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
