import { fitToModel } from "../camera/fit.js";
import type { DataSetWriter } from "./data-set-writer.js";
import { PeriodSampler } from "./period-sampler.js";
import type { RecordingSource } from "./recording-source.js";

export interface ImportOptions {
  readonly periodS: number;
  /** A picture farther than this from a frame's time is none for it, s. Default a quarter of the period. */
  readonly toleranceS?: number;
  /** Side of the pictures, pixels. */
  readonly imageSize: number;
  /** Told after each frame. */
  readonly onProgress?: (frames: number) => void;
}

/** What an import made of a recording. */
export interface ImportSummary {
  readonly frames: number;
  readonly episodes: number;
  /** Frames of stretches that are shorter than an episode. */
  readonly leftOut: number;
  readonly outOfOrder: number;
  /** Why there are gaps, and how many of each kind. */
  readonly gaps: readonly { readonly why: string; readonly count: number }[];
}

/** Brings a recording to one period and writes it as episodes, cut where there are gaps. @throws Error with one line when it is damaged, or an episode cannot be written. */
export async function importRecording(source: RecordingSource, writer: DataSetWriter, { periodS, toleranceS, imageSize, onProgress }: ImportOptions): Promise<ImportSummary> {
  const before = writer.episodes;
  const gaps = new Map<string, number>();
  let frames = 0;
  const sampler = new PeriodSampler({
    periodS, ...(toleranceS === undefined ? {} : { toleranceS }),
    onFrame: (frame) => {
      frames++;
      writer.add({ ...frame, image: fitToModel(frame.image, imageSize, imageSize) });
      onProgress?.(frames);
    },
    onGap: (why) => {
      // The numbers differ from gap to gap; what it is does not.
      const kind = why.replace(/ for [\d.]+ s$| are [\d.]+ s apart$/, "");
      gaps.set(kind, (gaps.get(kind) ?? 0) + 1);
      writer.cut();
    },
  });
  for await (const event of source.events()) {
    switch (event.kind) {
      case "picture":
        sampler.picture(event.timeS, event.image);
        break;
      case "joints":
        sampler.joints(event.timeS, event.positions);
        break;
      case "command":
        sampler.command(event.timeS, event.setpoint);
        break;
      case "cut":
        sampler.cut();
        writer.cut();
        break;
      default:
        event satisfies never;
    }
    // A file can wait for the disk.
    if (writer.waiting > 0) await writer.settled();
  }
  sampler.end();
  writer.cut();
  await writer.settled();
  return {
    frames, episodes: writer.episodes - before, leftOut: writer.leftOut, outOfOrder: sampler.outOfOrder,
    gaps: [...gaps].map(([why, count]) => ({ why, count })),
  };
}
