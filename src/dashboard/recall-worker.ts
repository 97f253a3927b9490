import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

import sharp from "sharp";

import { episodePath, listEpisodeFiles } from "../memory/episode-files.js";
import { isEpisodeId } from "../memory/episode-id.js";
import { MemoryIndex } from "../memory/memory-index.js";
import { readEncodedEpisode } from "../memory/read-encoded-episode.js";
import { oneLine } from "../text/one-line.js";

import type { RecallReply, RecallRequest } from "./recall-messages.js";
import type { PredictedMessage } from "./messages.js";

const FRAMES = 4;
/** What was recorded since is looked for so often, ms. */
const UPDATE_EVERY_MS = 2000;
/** Longest side of a frame on the page, pixels. */
const FRAME_SIDE = 192;
const KEPT = 128;

const dir = workerData as string;
const jpegs = new Map<string, Promise<Uint8Array>>();
let index: MemoryIndex | undefined;
let known = "";
let updatedMs = Number.NEGATIVE_INFINITY;

async function nearest(latent: Float32Array, encoderSha256: string): Promise<Omit<PredictedMessage, "type">> {
  // The index would make the folder: looking on leaves nothing behind.
  if (!existsSync(dir)) return { sentence: `There is no memory in ${dir}: no episode was recorded yet.`, frames: [] };
  const nowMs = performance.now();
  index ??= await MemoryIndex.open(dir);
  if (nowMs - updatedMs > UPDATE_EVERY_MS) {
    updatedMs = nowMs;
    await index.update();
    // The controller keeps the index, too: what it has added is no news to update(), but to what is in memory here.
    const there = listEpisodeFiles(dir).filter(({ part }) => !part).map(({ id }) => id).join();
    if (there !== known) index.refresh();
    known = there;
  }
  const frames = await index.nearestFrames(latent, encoderSha256, FRAMES);
  return frames.length === 0
    ? { sentence: `The memory in ${dir} has no frames of this model yet.`, frames: [] }
    : {
      sentence: "Remembered frames nearest to where the newest plan ends. The model draws no pictures of its own.",
      frames: frames.map(({ episode, step, distance }) => ({ episode, step, distance, url: `/memory/${encodeURIComponent(episode)}/${step}.jpg` })),
    };
}

function frame(episode: string, step: number): Promise<Uint8Array> {
  const key = `${episode} ${step}`;
  const kept = jpegs.get(key);
  if (kept !== undefined) return kept;
  const reading = read(episode, step);
  jpegs.set(key, reading);
  reading.catch(() => { jpegs.delete(key); });
  if (jpegs.size > KEPT) jpegs.delete(jpegs.keys().next().value!);
  return reading;
}

async function read(episode: string, step: number): Promise<Uint8Array> {
  // It comes from a browser and becomes a path.
  if (!isEpisodeId(episode)) throw new Error(`${JSON.stringify(episode)} is no episode`);
  const { steps } = await readEncodedEpisode(episodePath(dir, episode));
  const found = steps.find((candidate) => candidate.index === step);
  if (found === undefined) throw new Error(`episode ${episode} has no step ${step}`);
  return sharp(found.picture.data).resize({ width: FRAME_SIDE, height: FRAME_SIDE, fit: "inside", withoutEnlargement: true }).jpeg({ quality: 85 }).toBuffer();
}

async function answer(request: RecallRequest): Promise<RecallReply> {
  const { id } = request;
  try {
    switch (request.kind) {
      case "nearest": return { id, kind: "nearest", predicted: await nearest(request.latent, request.encoderSha256) };
      case "frame": return { id, kind: "frame", jpeg: await frame(request.episode, request.step) };
    }
  } catch (error) {
    return { id, kind: "failed", reason: oneLine(error) };
  }
}

parentPort!.on("message", (request: RecallRequest) => {
  void answer(request).then((reply) => { parentPort!.postMessage(reply); });
});
