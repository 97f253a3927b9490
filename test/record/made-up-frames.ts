import type { DataSetWriterOptions } from "../../src/record/data-set-writer.js";
import type { RecordedFrame } from "../../src/record/period-sampler.js";

/** A data set of two joints with episodes of three actions. */
export const OPTIONS = {
  joints: ["pan", "lift"], units: ["rad", "rad"], periodS: 0.2, steps: 3, imageSize: 64, actions: "differences", player: "person",
} as const satisfies Omit<DataSetWriterOptions, "out">;

/** Frame `i` of a recording: its pixels are its number, modulo 256, and so is the first joint times ten. */
export function madeUpFrame(i: number): RecordedFrame {
  const positions = Float64Array.of(i / 10, -i);
  return { timeS: 0.2 * i, image: { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(i % 256) }, positions, setpoint: positions };
}
