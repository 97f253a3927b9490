import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { decodeImage } from "../camera/files.js";
import { PROJECT_ROOT } from "./project.js";
import { oneLine } from "./print.js";

import type { RgbImage } from "../camera/types.js";

/** A frame is at most so large as PNG. */
const MAX_BYTES = 256 * 1024 * 1024;
/** From so far before its end a video is decoded to find its last picture, s. */
const LAST_S = 1;

/** A program that writes one frame as PNG to its output. */
interface Decoder {
  readonly program: string;
  readonly argv: readonly string[];
}

/**
 * A picture of a video, by ffmpeg if it is in PATH, else by PyAV in the training environment.
 *
 * @param atS from the beginning, s: the picture that is shown then; "end" is the last one.
 * @throws Error with one line: no such file, no video, shorter than that, or nothing here that can decode it.
 */
export async function readVideoFrame(file: string, atS: number | "end", env: NodeJS.ProcessEnv = process.env): Promise<RgbImage> {
  if (!existsSync(file)) {
    throw new Error(`cannot read video ${file}: there is no such file`);
  }
  const python = env["JEPA_MPC_TRAINING_PYTHON"] ?? join(PROJECT_ROOT, ".env-training", "bin", "python");
  const decoders: Decoder[] = [
    { program: "ffmpeg", argv: ffmpegArguments(file, atS) },
    { program: python, argv: [join(PROJECT_ROOT, "training", "video_frame.py"), file, String(atS)] },
  ];
  for (const { program, argv } of decoders) {
    const png = await outputOf(program, argv, env);
    if (png === undefined) {
      continue;
    }
    if (png.output.length === 0) {
      const why = png.complaint === "" ? `it has no picture at ${atS} s; is it that long?` : png.complaint;
      throw new Error(`cannot read video ${file}: ${why}`);
    }
    return decodeImage(png.output, `${file} at ${atS}`);
  }
  throw new Error(`cannot read video ${file}: nothing here can decode videos; install ffmpeg, or set up the training environment (npm run setup:training)`);
}

function ffmpegArguments(file: string, atS: number | "end"): string[] {
  const quiet = ["-nostdin", "-v", "error"];
  const asPng = ["-map", "0:v:0", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"];
  // A name may begin with a minus sign or look like a protocol.
  const input = ["-i", `file:${file}`];
  // Reversed, the first picture is the last one.
  return atS === "end" ? [...quiet, "-sseof", String(-LAST_S), ...input, "-vf", "reverse", ...asPng] : [...quiet, "-ss", String(atS), ...input, ...asPng];
}

/** What a program writes, or undefined when it is not there or cannot start. @param env of the program. */
function outputOf(program: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly output: Buffer; readonly complaint: string } | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > MAX_BYTES) child.kill();
    });
    child.stderr.on("data", (chunk: Buffer) => { complaint = (complaint + chunk.toString("utf8")).slice(-2000); });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EACCES") resolve(undefined);
      else reject(new Error(`${program} cannot be started: ${oneLine(error)}`, { cause: error }));
    });
    child.on("close", (code) => {
      const last = complaint.trim().split("\n").at(-1) ?? "";
      if (bytes > MAX_BYTES) reject(new Error(`${program} wrote more than ${MAX_BYTES} bytes for one picture`));
      // Without PyAV (3), or the libraries that it is linked with (127), it is as if there were none.
      else if (code === 3 || code === 127) resolve(undefined);
      else resolve({ output: code === 0 ? Buffer.concat(chunks) : Buffer.alloc(0), complaint: code === 0 ? "" : last });
    });
  });
}
