import sharp from "sharp";

import { episodePath, listEpisodeFiles } from "../memory/episode-files.js";
import { isEpisodeId } from "../memory/episode-id.js";
import { MemoryIndex } from "../memory/memory-index.js";
import { readEncodedEpisode } from "../memory/read-encoded-episode.js";

import type { NearFrame } from "../memory/memory-index.js";

/** What was recorded since is looked for so often, ms. */
const UPDATE_EVERY_MS = 2000;
/** Longest side of a frame on the page, pixels. */
const FRAME_SIDE = 192;
const KEPT = 128;

/** The frames of one memory, found by their latents. For a thread of its own: a large memory takes seconds. */
export class RememberedFrames {
  readonly dir: string;
  readonly #jpegs = new Map<string, Promise<Uint8Array>>();
  #index: MemoryIndex | undefined;
  #known = "";
  #updatedMs = Number.NEGATIVE_INFINITY;

  /** @param dir the memory's folder; must be there: the index would make it, and looking on leaves nothing behind. */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** The nearest first, as MemoryIndex.nearestFrames(). */
  async nearest(latent: Float32Array, encoderSha256: string, count: number): Promise<NearFrame[]> {
    const nowMs = performance.now();
    const index = this.#index ??= await MemoryIndex.open(this.dir);
    if (nowMs - this.#updatedMs > UPDATE_EVERY_MS) {
      this.#updatedMs = nowMs;
      await index.update();
      // The controller keeps the index, too: what it has added is no news to update(), but to what is in memory here.
      const there = listEpisodeFiles(this.dir).filter(({ part }) => !part).map(({ id }) => id).join();
      if (there !== this.#known) index.refresh();
      this.#known = there;
    }
    return index.nearestFrames(latent, encoderSha256, count);
  }

  /** A frame as JPEG, small. Rejects when it is not there. */
  jpeg(episode: string, step: number): Promise<Uint8Array> {
    const key = `${episode} ${step}`;
    const kept = this.#jpegs.get(key);
    if (kept !== undefined) return kept;
    const reading = this.#read(episode, step);
    this.#jpegs.set(key, reading);
    reading.catch(() => { this.#jpegs.delete(key); });
    if (this.#jpegs.size > KEPT) this.#jpegs.delete(this.#jpegs.keys().next().value!);
    return reading;
  }

  async #read(episode: string, step: number): Promise<Uint8Array> {
    // It comes from a browser and becomes a path.
    if (!isEpisodeId(episode)) throw new Error(`${JSON.stringify(episode)} is no episode`);
    const { steps } = await readEncodedEpisode(episodePath(this.dir, episode));
    const found = steps.find((candidate) => candidate.index === step);
    if (found === undefined) throw new Error(`episode ${episode} has no step ${step}`);
    return sharp(found.picture.data).resize({ width: FRAME_SIDE, height: FRAME_SIDE, fit: "inside", withoutEnlargement: true }).jpeg({ quality: 85 }).toBuffer();
  }
}
