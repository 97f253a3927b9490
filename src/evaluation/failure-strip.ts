import type { RgbImage } from "../camera/types.js";
import { drawCurve } from "../plots/curve.js";
import { type StripPicture, writeStrip } from "../plots/strip.js";
import { taskLabel } from "./cell.js";
import type { EpisodeResult } from "./episode.js";

/** Pixels of a picture's longer side. */
const SIDE = 192;

/** Draws how an episode went: pictures along the way, then its goals and the curves of energy and distance. */
export async function writeEpisodeStrip(file: string, { record, frames, goals }: EpisodeResult, reachedBelow: number): Promise<void> {
  const cm = (metres: number): string => `${(100 * metres).toFixed(1)} cm`;
  const columns = Math.max(frames.length, goals.length + 2);
  const blank: StripPicture = { image: { width: 1, height: 1, data: new Uint8Array([255, 255, 255]) }, caption: "" };
  const way = frames.map(({ image, period, distanceM }, i): StripPicture => ({
    image: enlarged(image), caption: `${i === frames.length - 1 ? "end" : period === 0 ? "start" : `period ${period}`}, ${cm(distanceM)}`,
  }));
  const wanted = goals.map(({ name, image }, i): StripPicture => ({
    image: enlarged(image), caption: goals.length === 1 ? `goal: ${name}` : `goal ${i + 1}: ${name}`,
  }));
  const largest = (values: readonly number[]): number => Math.max(0, ...values);
  const curves: StripPicture[] = [
    { image: await drawCurve({ values: record.energies, title: "energy", rule: reachedBelow }, SIDE), caption: `up to ${largest(record.energies).toPrecision(3)}` },
    { image: await drawCurve({ values: record.distances_m, title: "true distance" }, SIDE), caption: `up to ${cm(largest(record.distances_m))}` },
  ];
  await writeStrip(file, [...way, ...Array.from({ length: columns - way.length }, () => blank), ...wanted, ...curves], {
    title: `${taskLabel(record)}, seed ${record.seed}: ${record.success ? "done" : "not done"}`,
    subtitle: `${record.policy}, environment ${record.environment}. Sub-goals behind it: ${record.sub_goals_done} of ${record.sub_goals}. ${record.ended}`,
    columns, scale: 1,
  });
}

/** Whole pixels many times as large: what the model sees. */
function enlarged(image: RgbImage): RgbImage {
  const factor = Math.max(1, Math.round(SIDE / Math.max(image.width, image.height)));
  const [width, height] = [image.width * factor, image.height * factor];
  const data = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = 3 * (Math.floor(row / factor) * image.width + Math.floor(column / factor));
      data.set(image.data.subarray(from, from + 3), 3 * (row * width + column));
    }
  }
  return { width, height, data };
}
