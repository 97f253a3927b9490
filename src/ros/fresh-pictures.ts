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

/** The newest picture of a camera topic, raw or (a topic that ends with /compressed) PNG or JPEG. It goes with the node. */
export class FreshPictures {
  readonly #topic: string;
  readonly #subscription: RclSubscription;
  readonly #waiting = new Set<(image: RgbImage) => void>();
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
      const take = (image: RgbImage): void => {
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve(image);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(this.#complaint === undefined ? noPicture(this.#topic, this.#subscription.publisherCount, timeoutS) : new Error(`${this.#topic}: ${this.#complaint}`));
      }, timeoutS * 1000);
      this.#waiting.add(take);
    });
  }

  #take(image: RgbImage): void {
    this.#newest = { image, atMs: performance.now() };
    for (const take of [...this.#waiting]) take(image);
  }
}
