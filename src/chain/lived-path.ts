import type { GraphPath } from "./experience-graph.js";
import type { FrameRef } from "./types.js";

/** A frame of a path, with all that was lived between its nodes. */
export interface LivedFrame extends FrameRef {
  /** Since the path's start, periods. */
  readonly time: number;
  /** Counts the pieces of experience that the path is joined from, from 0. */
  readonly piece: number;
}

/** Every frame of a path through an experience graph. */
export function livedFrames({ nodes }: GraphPath): LivedFrame[] {
  const frames: LivedFrame[] = [];
  let time = 0;
  let piece = -1;
  for (const { stretch, frame, by, periods } of nodes) {
    if (by === "lived") {
      for (let ago = periods - 1; ago >= 0; ago--) frames.push({ stretch, frame: frame - ago, time: time + periods - ago, piece });
    } else {
      piece++;
      frames.push({ stretch, frame, time: time + periods, piece });
    }
    time += periods;
  }
  return frames;
}
