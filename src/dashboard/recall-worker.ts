import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

import { oneLine } from "../text/one-line.js";
import { RememberedFrames } from "./remembered-frames.js";

import type { RecallReply, RecallRequest } from "./recall-messages.js";
import type { PredictedMessage } from "./messages.js";

const FRAMES = 4;

const own = workerData as string;
let memory: RememberedFrames | undefined;

/** Where the controller says that its memory is, if that is here; else the dashboard's own folder. Looked at anew each time: the first episode makes the folder. */
function folderOf(controllersDir: string): { readonly dir: string; readonly instead: string | undefined } {
  if (controllersDir === "") return { dir: own, instead: undefined };
  const dir = resolve(controllersDir);
  return existsSync(dir) ? { dir, instead: undefined } : { dir: own, instead: dir === own ? undefined : dir };
}

function memoryIn(dir: string): RememberedFrames {
  if (memory?.dir !== dir) memory = new RememberedFrames(dir);
  return memory;
}

async function nearest(latent: Float32Array, encoderSha256: string, controllersDir: string): Promise<Omit<PredictedMessage, "type">> {
  const { dir, instead } = folderOf(controllersDir);
  const remark = instead === undefined ? "" : ` The controller's memory.dir, ${instead}, is not on this machine, or nothing was recorded there yet: looked in ${dir} instead.`;
  if (!existsSync(dir)) return { sentence: `There is no memory in ${dir}: no episode was recorded yet.${remark}`, frames: [] };
  const frames = await memoryIn(dir).nearest(latent, encoderSha256, FRAMES);
  return frames.length === 0
    ? { sentence: `The memory in ${dir} has no frames of this model yet.${remark}`, frames: [] }
    : {
      sentence: `Remembered frames nearest to where the newest plan ends. The model draws no pictures of its own.${remark}`,
      frames: frames.map(({ episode, step, distance }) => ({ episode, step, distance, url: `/memory/${encodeURIComponent(episode)}/${step}.jpg` })),
    };
}

async function answer(request: RecallRequest): Promise<RecallReply> {
  const { id } = request;
  try {
    switch (request.kind) {
      case "nearest": return { id, kind: "nearest", predicted: await nearest(request.latent, request.encoderSha256, request.controllersDir) };
      case "frame": return { id, kind: "frame", jpeg: await memoryIn(folderOf(request.controllersDir).dir).jpeg(request.episode, request.step) };
    }
  } catch (error) {
    return { id, kind: "failed", reason: oneLine(error) };
  }
}

parentPort!.on("message", (request: RecallRequest) => {
  void answer(request).then((reply) => { parentPort!.postMessage(reply); });
});
