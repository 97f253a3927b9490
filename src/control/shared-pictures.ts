import type { RgbImage } from "../camera/types.js";
import type { SharedPicture } from "./worker-messages.js";

/** A picture written into a slot. Call `release` when its reader is through. */
export interface WrittenPicture {
  readonly picture: SharedPicture;
  release(): void;
}

/**
 * Two slots of shared memory for pictures on their way to a worker: one can be written while the other is read. They
 * grow with the pictures. A third writer waits for a slot.
 */
export class SharedPictures {
  readonly #free: SharedArrayBuffer[] = [new SharedArrayBuffer(0), new SharedArrayBuffer(0)];
  readonly #waiting: ((buffer: SharedArrayBuffer) => void)[] = [];

  /** Copies the picture into a free slot; the caller may reuse `image` after that. */
  async write(image: RgbImage): Promise<WrittenPicture> {
    let buffer = this.#free.pop() ?? await new Promise<SharedArrayBuffer>((resolve) => this.#waiting.push(resolve));
    if (buffer.byteLength < image.data.length) buffer = new SharedArrayBuffer(image.data.length);
    new Uint8Array(buffer).set(image.data);
    let released = false;
    return {
      picture: { buffer, width: image.width, height: image.height },
      release: () => {
        if (released) return;
        released = true;
        const next = this.#waiting.shift();
        if (next === undefined) this.#free.push(buffer);
        else next(buffer);
      },
    };
  }
}

/** The picture in a slot, copied into memory of its own: native code does not take views on shared memory. */
export function readSharedPicture({ buffer, width, height }: SharedPicture): RgbImage {
  return { width, height, data: new Uint8Array(buffer, 0, width * height * 3).slice() };
}
