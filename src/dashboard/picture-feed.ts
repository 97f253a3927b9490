import sharp from "sharp";

import { CAMERA_PICTURE } from "./messages.js";

import type { RgbImage } from "../camera/types.js";

/** A newest picture is of the scene as it is for so long, ms. */
const FRESH_MS = 2000;

/** Keeps the newest camera picture and packs it as JPEG when somebody asks: once, however many ask, and never two at a time. */
export class PictureFeed {
  #newest: { readonly image: RgbImage; readonly number: number; readonly atMs: number } | undefined;
  #packed: { readonly number: number; readonly bytes: Uint8Array } | undefined;
  #packing: Promise<void> | undefined;

  take(image: RgbImage): void {
    this.#newest = { image, number: (this.#newest?.number ?? 0) + 1, atMs: performance.now() };
  }

  /** The newest picture, unless it is too old to be the scene as it is. */
  get fresh(): RgbImage | undefined {
    return this.#newest !== undefined && performance.now() - this.#newest.atMs < FRESH_MS ? this.#newest.image : undefined;
  }

  /**
   * The newest picture as a message.
   *
   * @param after number of the one that is known already. @returns undefined when there is none or it is not packed yet: ask again later.
   */
  packed(after: number): { readonly number: number; readonly bytes: Uint8Array } | undefined {
    const newest = this.#newest;
    if (newest === undefined) return undefined;
    if (this.#packed?.number !== newest.number) {
      this.#packing ??= this.#pack(newest).finally(() => { this.#packing = undefined; });
    }
    return this.#packed !== undefined && this.#packed.number > after ? this.#packed : undefined;
  }

  async #pack({ image, number }: { readonly image: RgbImage; readonly number: number }): Promise<void> {
    try {
      const jpeg = await packJpeg(image, { quality: 82 });
      const bytes = new Uint8Array(jpeg.length + 1);
      bytes[0] = CAMERA_PICTURE;
      bytes.set(jpeg, 1);
      this.#packed = { number, bytes };
    } catch {
      // A picture that cannot be packed is not shown; its number keeps it from being tried for ever.
      this.#packed = this.#packed === undefined ? undefined : { ...this.#packed, number };
    }
  }
}

/** @param options quality from 1 to 100; the longest side, pixels, larger pictures are made smaller. */
export function packJpeg({ width, height, data }: RgbImage, { quality, longestSide }: { readonly quality: number; readonly longestSide?: number }): Promise<Buffer> {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (longestSide !== undefined) picture.resize({ width: longestSide, height: longestSide, fit: "inside", withoutEnlargement: true });
  return picture.jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
}
