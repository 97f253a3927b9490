import { Presets, SingleBar } from "cli-progress";

/** Shows how far long work is: a bar on a terminal, a plain line every so often elsewhere. */
export interface Progress {
  update(done: number): void;
  end(): void;
}

const PLAIN_LINE_EVERY_MS = 15_000;

/** @param what what is counted, in the plural, as "episodes". */
export function showProgress(what: string, total: number, done = 0): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar({ format: `{bar} {percentage}% | {value}/{total} ${what} | {eta_formatted} left`, stream: process.stderr }, Presets.shades_classic);
    bar.start(total, done);
    return { update: (value) => { bar.update(value); }, end: () => { bar.stop(); } };
  }
  const started = Date.now();
  let last = started;
  return {
    update(value) {
      if (Date.now() - last < PLAIN_LINE_EVERY_MS && value < total) return;
      last = Date.now();
      // At the start, or when all was there already, nothing is known about the pace.
      const left = value > done ? `, ${(((last - started) / 1000 / (value - done)) * (total - value)).toFixed(0)} s left` : "";
      process.stderr.write(`${value}/${total} ${what}${left}\n`);
    },
    end() { /* The last update was the last line. */ },
  };
}
