/**
 * Fault injection on the running graph: simulator and controller as processes on real DDS with the shipped bundle, everything that can go wrong
 * made to go wrong while the arm moves, and what comes of it measured. Prints a Markdown table; `bin/with-ros node dist/bench/faults.js --docs docs/faults.md`
 * makes the one in docs.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { benchOptions } from "./bench-options.js";
import { FAULTS } from "./faults/catalogue.js";
import { report } from "./faults/report.js";
import { Rig } from "./faults/rig.js";
import { type Outcome, runFault } from "./faults/run-fault.js";

const { only, docs, domain, slack, record, list } = benchOptions("faults")
  .option("only", { type: "string", array: true, describe: "names, or beginnings of names, of the faults to run" })
  .option("docs", { type: "string", describe: "Markdown file whose table is replaced" })
  .option("domain", { type: "number", default: 1 + (process.pid % 100), describe: "ROS_DOMAIN_ID" })
  .option("slack", { type: "number", default: 2, describe: "how many times longer than planned a reaction may take" })
  .option("record", { type: "string", describe: "folder for all that was seen during each fault, as JSON lines" })
  .option("list", { type: "boolean", default: false, describe: "only list the faults" })
  .parseSync();

const chosen = FAULTS.filter(({ name }) => only === undefined || only.some((start) => name.startsWith(start)));
if (chosen.length === 0) {
  process.stderr.write(`faults: --only ${only!.join(" ")} fits none of ${FAULTS.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}
if (list) {
  for (const { name, what } of chosen) process.stdout.write(`${name}: ${what}\n`);
  process.exit(0);
}

const [load = 0] = loadavg();
const rig = await Rig.start({ ...process.env, ROS_DOMAIN_ID: String(domain), ROS_AUTOMATIC_DISCOVERY_RANGE: "LOCALHOST" });
const outcomes: Outcome[] = [];
try {
  for (const fault of chosen) {
    let outcome: Outcome;
    try {
      outcome = await runFault(rig, fault, { slack });
    } catch (error) {
      outcome = { fault, problems: [`it could not be run: ${error instanceof Error ? error.message : String(error)}`] };
      await rig.tidy();
      await rig.endController();
    }
    outcomes.push(outcome);
    if (record !== undefined) {
      await mkdir(record, { recursive: true });
      await writeFile(join(record, `${fault.name}.jsonl`), rig.proxy.seen.map((seen) => `${JSON.stringify(seen)}\n`).join(""));
    }
    process.stderr.write(`${fault.name}: ${outcome.problems.length === 0 ? "as it should be" : outcome.problems.join("; ")} ${JSON.stringify({ ...outcome, fault: undefined, problems: undefined })}\n`);
  }
} finally {
  await rig.close();
}
const text = report(outcomes, new Date(), load);
process.stdout.write(`${text}\n`);
if (docs !== undefined) await writeBetweenMarkers(docs, "faults", text);
process.exitCode = outcomes.every(({ problems }) => problems.length === 0) ? 0 : 1;
