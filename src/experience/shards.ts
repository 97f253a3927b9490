import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "../camera/write-file-atomically.js";
import type { RgbImage } from "../camera/types.js";
import type { FrameRef, Stretch } from "../chain/types.js";
import { refusal } from "../text/refusal.js";
import { NpyFile } from "./npy-file.js";
import type { Remembered, RememberOptions } from "./remembered.js";

const DATA_SET = z.object({
  steps: z.int().positive(),
  image: z.object({ width: z.int().positive(), height: z.int().positive() }),
  state: z.array(z.string()).min(1),
});

/**
 * A data set of shards (docs/data.md) as experience: each episode is a stretch. Latents are kept in the cache folder, a file a shard.
 *
 * @throws Error with one line when the folder is no data set, or its proprioception is not the model's.
 */
export async function rememberShards(folder: string, options: RememberOptions): Promise<Remembered> {
  const { encode, encoderSha256, latentDim, stateDim, actionDim, episodes: wanted = Infinity, cacheDir, onProgress } = options;
  const description = await readDescription(folder);
  if (description.state.length !== stateDim) throw new Error(`${folder} has a state of ${description.state.length} numbers, the model's has ${stateDim}: it is of another robot`);
  const { width, height } = description.image;
  const frames = description.steps + 1;
  const pixels = 3 * width * height;
  const shards = (await readdir(folder)).filter((name) => /^shard-\d+$/.test(name)).sort();
  if (shards.length === 0) throw new Error(`${folder} has no finished shard; run the collection again`);
  const own = createHash("sha256").update(`${encoderSha256}\n${resolve(folder)}`).digest("hex").slice(0, 24);
  const kept = join(cacheDir, own);
  await mkdir(kept, { recursive: true });
  const stretches: Stretch[] = [];
  const homes: { readonly file: string; readonly episode: number }[] = [];
  for (const shard of shards) {
    if (stretches.length >= wanted) break;
    const images = await NpyFile.open(join(folder, shard, "images.npy"), "|u1", [frames, height, width, 3]);
    const states = await NpyFile.open(join(folder, shard, "states.npy"), "<f4", [frames, stateDim]);
    const actions = await NpyFile.open(join(folder, shard, "actions.npy"), "<f4", [frames - 1, actionDim]);
    try {
      const count = images.shape[0]!;
      const { mtimeMs, size } = await stat(join(folder, shard, "images.npy"));
      const latents = await keptOr(join(kept, `${shard}-${size}-${Math.round(mtimeMs)}.f32`), count * frames * latentDim, async () => {
        const all = new Float32Array(count * frames * latentDim);
        for (let frame = 0; frame < count * frames; frame++) all.set(await encode({ width, height, data: await images.bytes(frame, 1, pixels) }), frame * latentDim);
        return all;
      });
      const state = await states.floats(0, count * frames, stateDim);
      const action = await actions.floats(0, count * (frames - 1), actionDim);
      for (let episode = 0; episode < count && stretches.length < wanted; episode++) {
        stretches.push({
          id: `${shard}/${episode}`, frames,
          latents: latents.subarray(episode * frames * latentDim, (episode + 1) * frames * latentDim),
          states: state.subarray(episode * frames * stateDim, (episode + 1) * frames * stateDim),
          actions: action.subarray(episode * (frames - 1) * actionDim, (episode + 1) * (frames - 1) * actionDim),
        });
        homes.push({ file: join(folder, shard, "images.npy"), episode });
      }
    } finally {
      await Promise.all([images.close(), states.close(), actions.close()]);
    }
    onProgress?.(stretches.length * frames, Math.min(wanted, shards.length * (stretches.length / (shards.indexOf(shard) + 1))) * frames);
  }
  return {
    experience: { latentDim, stateDim, actionDim, stretches },
    picture: async ({ stretch, frame }: FrameRef): Promise<RgbImage> => {
      const { file, episode } = homes[stretch]!;
      const images = await NpyFile.open(file, "|u1", [frames, height, width, 3]);
      try {
        return { width, height, data: await images.bytes(episode * frames + frame, 1, pixels) };
      } finally {
        await images.close();
      }
    },
  };
}

async function readDescription(folder: string): Promise<z.infer<typeof DATA_SET>> {
  const file = join(folder, "dataset.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`${file} is missing: ${folder} is no data set of shards; make one with: node dist/sim/collect.js --out ${folder}`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is damaged: it is not JSON`, { cause: error });
  }
  const parsed = DATA_SET.safeParse(json);
  if (!parsed.success) throw new Error(`${file}: field ${refusal(parsed.error.issues[0]!, json, "it")}`);
  return parsed.data;
}

/** What the file has, where it is whole; else computed and written there. */
async function keptOr(file: string, length: number, compute: () => Promise<Float32Array>): Promise<Float32Array> {
  try {
    const bytes = await readFile(file);
    if (bytes.length === 4 * length) return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const values = await compute();
  await writeFileAtomically(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return values;
}
