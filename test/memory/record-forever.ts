/** A process that records one episode through a Recorder until it is killed; prints the index of each step once it is written. */
import { setTimeout as sleep } from "node:timers/promises";

import { Recorder } from "../../src/memory/recorder.js";
import { madeUpEpisode } from "./made-up-episode.js";

const { header, steps, events } = madeUpEpisode({ seed: 77, steps: 400, side: 96, startedAt: new Date() });
const recorder = new Recorder({ dir: process.argv[2]!, maxBytes: 1e9, warn: (line) => { console.error(line); }, info: () => undefined });
recorder.begin(header);
recorder.event(events[0]!);
for (const step of steps) {
  recorder.step(step);
  while (recorder.state.waiting > 0) await sleep(1);
  // Written as the recording thread says.
  process.stdout.write(`${step.index}\n`);
}
await sleep(60_000);
