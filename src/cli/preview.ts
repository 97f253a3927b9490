import { pictureQuality, qualityLine } from "../camera/picture-quality.js";
import { terminalPicture } from "./terminal-picture.js";

import type { RgbImage } from "../camera/types.js";
import type { CameraWatch, WatchOptions } from "../ros/watch-camera.js";

export interface PreviewOptions {
  readonly topic: string;
  /** Longest time without a picture, s. */
  readonly timeoutS: number;
  /** Takes the picture by itself after so many seconds; undefined: waits for a key. */
  readonly afterS: number | undefined;
  /** Whether the pictures are shown. */
  readonly show: boolean;
  readonly watch: (options: WatchOptions) => Promise<CameraWatch>;
  /** Why no picture came, in one line. */
  readonly noPicture: (topic: string, publishers: number, waitedS: number) => Error;
  readonly input?: NodeJS.ReadStream;
  readonly output?: NodeJS.WriteStream;
}

/** Pictures a second that are drawn at most, and lines a second where there is no terminal. */
const DRAWN_HZ = 10;
const LINES_HZ = 1;
const TAKE = new Set([" ", "\r", "\n"]);
/** Of what ends a process, what still lets it put the terminal right. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const LEAVE = new Set(["q", "Q", "\x03", "\x04", "\x1b"]);

/**
 * Watches a camera until a picture is taken: by the space bar or Enter, or by itself when the time is over.
 *
 * In a terminal the picture is drawn in its alternate screen, which is left again in every case. Elsewhere a line a second says what
 * the camera gives; Enter (a line) takes the picture, q leaves.
 *
 * @returns the picture, or undefined when it was left.
 * @throws Error with one line: no picture in time, one that cannot be read, or nobody who could press a key.
 */
export async function preview({
  topic, timeoutS, afterS, show, watch, noPicture, input = process.stdin, output = process.stderr,
}: PreviewOptions): Promise<RgbImage | undefined> {
  const terminal = show && output.isTTY && input.isTTY;
  // Times count from when the node is there.
  let startMs = performance.now();
  let newest: { readonly image: RgbImage; readonly atMs: number } | undefined;
  let bestSharpness = 0;
  let drawnMs = -Infinity;
  let camera: CameraWatch | undefined;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  let onKeys: ((data: Buffer) => void) | undefined;
  let onEnd: (() => void) | undefined;
  let onSignal: (() => void) | undefined;

  const leftS = (): number | undefined => afterS === undefined ? undefined : Math.max(0, afterS - (performance.now() - startMs) / 1000);
  const draw = (image: RgbImage): void => {
    const nowMs = performance.now();
    if (nowMs - drawnMs < 1000 / (terminal ? DRAWN_HZ : LINES_HZ)) return;
    drawnMs = nowMs;
    const quality = pictureQuality(image);
    bestSharpness = Math.max(bestSharpness, quality.sharpness);
    const countdown = leftS();
    const said = `${qualityLine(image, quality)} (best ${bestSharpness.toPrecision(2)})${quality.warnings.length === 0 ? "" : `: ${quality.warnings.join("; ")}`}`;
    const keys = `space or Enter takes it, q leaves${countdown === undefined ? "" : `; taken in ${Math.ceil(countdown)} s`}`;
    if (!terminal) {
      output.write(`${topic}: ${said}${countdown === undefined ? "" : `; taken in ${Math.ceil(countdown)} s`}\n`);
      return;
    }
    // Some terminals do not say their size.
    const columns = output.columns > 0 ? output.columns : 80;
    const rows = output.rows > 3 ? output.rows : 24;
    const lines = [...terminalPicture(image, columns, rows - 3), said.slice(0, columns), keys.slice(0, columns)];
    output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\n")}\x1b[J`);
  };

  if (terminal) {
    output.write("\x1b[?1049h\x1b[?25l\x1b[2J");
    input.setRawMode(true);
  }
  try {
    return await new Promise<RgbImage | undefined>((resolve, reject) => {
      let asked = false;
      onSignal = () => { resolve(undefined); };
      for (const signal of SIGNALS) process.on(signal, onSignal);
      const take = (): void => {
        // Asked for before the first picture came: that one then.
        if (newest === undefined) asked = true;
        else resolve(newest.image);
      };
      if (show) {
        onKeys = (data) => {
          for (const key of data.toString("utf8")) {
            if (LEAVE.has(key)) resolve(undefined);
            else if (TAKE.has(key)) take();
          }
        };
        onEnd = () => {
          if (afterS === undefined) reject(new Error("nobody can press a key here: give --after SECONDS, or run it in a terminal"));
        };
        input.on("data", onKeys);
        input.on("end", onEnd);
      }
      watch({
        topic, onError: reject,
        onImage: (image) => {
          // The time before it is taken is time to look at it.
          if (newest === undefined) startMs = performance.now();
          newest = { image, atMs: performance.now() };
          if (asked) resolve(image);
          else if (show) draw(image);
        },
      }).then((opened) => {
        // Left before the camera could be looked at.
        if (over) {
          opened.close();
          return;
        }
        camera = opened;
        startMs = performance.now();
        timer = setInterval(() => {
          const sinceMs = performance.now() - (newest?.atMs ?? startMs);
          // A picture from before the camera went away is not what is seen now.
          if (sinceMs > 1000 * timeoutS) reject(noPicture(topic, opened.publishers, timeoutS));
          else if (newest !== undefined && leftS() === 0) take();
        }, 50);
      }, reject);
    });
  } finally {
    over = true;
    clearInterval(timer);
    camera?.close();
    for (const signal of SIGNALS) process.off(signal, onSignal!);
    if (onKeys !== undefined) input.off("data", onKeys);
    if (onEnd !== undefined) input.off("end", onEnd);
    input.pause();
    if (terminal) {
      input.setRawMode(false);
      output.write("\x1b[?25h\x1b[?1049l");
    }
  }
}
