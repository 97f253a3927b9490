import { decodeRawImage } from "../camera/encodings.js";
import { CompressedCamera } from "./compressed-camera.js";
import { TYPES } from "./messages.js";
import { oneLine } from "./ros-node.js";
import { noPicture } from "./watch-camera.js";

import type { RgbImage } from "../camera/types.js";
import type { CompressedImageMessage, ImageMessage } from "./messages.js";
import type { RclSubscription } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** A picture that came longer ago does not show how things are, ms. */
const FRESH_MS = 300;

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly resolve: (image: RgbImage) => void;
  readonly reject: (error: Error) => void;
}

/** The newest picture of a camera topic, raw or (a topic that ends with /compressed) PNG or JPEG. To be closed before the node is. */
export class FreshPictures {
  readonly #topic: string;
  readonly #subscription: RclSubscription;
  readonly #waiting = new Set<Waiting>();
  #newest: { readonly image: RgbImage; readonly atMs: number } | undefined;
  /** Why the last picture could not be read. */
  #complaint: string | undefined;

  constructor(ros: RosNode, topic: string) {
    this.#topic = topic;
    const complain = (text: string): void => { this.#complaint = text; };
    if (topic.endsWith("/compressed")) {
      const camera = new CompressedCamera({ onImage: (image) => { this.#take(image); }, onComplaint: complain });
      this.#subscription = ros.subscribe<CompressedImageMessage>(TYPES.compressedImage, topic, "sensor", (message) => { camera.take(message); });
    } else {
      this.#subscription = ros.subscribe<ImageMessage>(TYPES.image, topic, "sensor", (message) => {
        let image: RgbImage;
        try {
          image = decodeRawImage(message);
        } catch (error) {
          complain(oneLine(error));
          return;
        }
        this.#take(image);
      });
    }
  }

  /** The one that came last, when that is not long ago; else the next one. Rejects as next(). */
  async now(timeoutS: number): Promise<RgbImage> {
    const newest = this.#newest;
    return newest !== undefined && performance.now() - newest.atMs < FRESH_MS ? newest.image : this.next(timeoutS);
  }

  /** The next one that comes. Rejects with one line when none does in time. */
  next(timeoutS: number): Promise<RgbImage> {
    this.#complaint = undefined;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(this.#complaint === undefined ? noPicture(this.#topic, this.#subscription.publisherCount, timeoutS) : new Error(`${this.#topic}: ${this.#complaint}`));
      }, timeoutS * 1000);
      const waiting: Waiting = { timer, resolve, reject };
      this.#waiting.add(waiting);
    });
  }

  /** Whoever waits is rejected. */
  close(): void {
    this.#settle(({ reject }) => { reject(new Error(`${this.#topic} is not looked at any more`)); });
  }

  #take(image: RgbImage): void {
    this.#newest = { image, atMs: performance.now() };
    this.#settle(({ resolve }) => { resolve(image); });
  }

  #settle(tell: (waiting: Waiting) => void): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of all) {
      clearTimeout(waiting.timer);
      tell(waiting);
    }
  }
}
