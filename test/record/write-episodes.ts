/** A process that writes episodes into a folder until it is killed or cannot; prints how many are written, and at the end why and what is in the folder. */
import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

import { DataSetWriter } from "../../src/record/data-set-writer.js";
import { madeUpFrame, OPTIONS } from "./made-up-frames.js";

const out = process.argv[2]!;
const writer = new DataSetWriter({ ...OPTIONS, out, maxWaiting: 2, onFailure: (error) => { process.stdout.write(`failed: ${error.message}\n`); } });
let failed = false;
let said = writer.episodes;
for (let i = 0; !failed; i++) {
  writer.add(madeUpFrame(i));
  await turn();
  if (writer.waiting === 2) await writer.settled().catch(() => { failed = true; });
  if (writer.episodes > said) process.stdout.write(`${said = writer.episodes}\n`);
}
process.stdout.write(`left: ${readdirSync(out).sort().join(" ")}\n`);
