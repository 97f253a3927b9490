import { decodeImage } from "../camera/files.js";
import { compressedBytes } from "./goal-request.js";
import { oneLine } from "./ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { CompressedImageMessage, Header } from "./messages.js";

export interface CompressedCameraOptions {
  /** @param waitedS time between arrival and the end of decoding, s. */
  readonly onImage: (image: RgbImage, header: Header, waitedS: number) => void;
  readonly onComplaint: (text: string) => void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly header: Header;
  readonly arrivedMs: number;
}

/**
 * Decodes compressed camera pictures off the thread that spins ROS, one at a time. Of those that come meanwhile only the newest
 * is kept: a picture that waits in a queue is of no use to control.
 */
export class CompressedCamera {
  readonly #options: CompressedCameraOptions;
  #busy = false;
  #waiting: Waiting | undefined;

  constructor(options: CompressedCameraOptions) {
    this.#options = options;
  }

  take(message: CompressedImageMessage): void {
    const { stamp, frame_id } = message.header;
    try {
      this.#waiting = { bytes: compressedBytes(message), header: { stamp: { sec: stamp.sec, nanosec: stamp.nanosec }, frame_id }, arrivedMs: performance.now() };
    } catch (error) {
      this.#options.onComplaint(oneLine(error));
      return;
    }
    if (!this.#busy) {
      void this.#work();
    }
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      try {
        const image = await decodeImage(next.bytes, "the picture");
        this.#options.onImage(image, next.header, (performance.now() - next.arrivedMs) / 1000);
      } catch (error) {
        this.#options.onComplaint(oneLine(error));
      }
    }
    this.#busy = false;
  }

  #next(): Waiting | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    return next;
  }
}
