/**
 * Goal after goal on the running graph for many simulated minutes: does memory stay flat, are command cycles missed? Prints Markdown;
 * `bin/with-ros node dist/bench/soak.js --minutes 30 --docs docs/faults.md` makes the section in docs.
 */
import { readFileSync, readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { benchOptions } from "./bench-options.js";
import { isTruth, monotonicS, type SeenTruth } from "./faults/proxy.js";
import { DEFAULT_SETUP, Rig } from "./faults/rig.js";
import { isStatus } from "./ros/seen.js";
import { leastSquaresSlope } from "./statistics.js";

/** A goal that is not reached gets so long, real seconds. */
const GOAL_S = 12;
const SAMPLE_EVERY_S = 2;
/** Until here memory may grow: code is compiled, caches fill. Share of the run. */
const WARM_UP = 0.3;
/** Growth after that which is none: it is less than this share of the memory, over the rest of the run. */
const FLAT = 0.05;

const { minutes, factor, docs, domain, limit } = benchOptions("soak")
  .option("minutes", { type: "number", default: 30, describe: "simulated minutes" })
  .option("factor", { type: "number", default: 2, describe: "simulated seconds per real second; a slow machine does not get there" })
  .option("limit", { type: "number", default: 120, describe: "real minutes after which it ends all the same" })
  .option("docs", { type: "string", describe: "Markdown file whose section is replaced" })
  .option("domain", { type: "number", default: 1 + (process.pid % 100), describe: "ROS_DOMAIN_ID" })
  .parseSync();

interface Sample {
  /** Simulated seconds since the start. */
  readonly timeS: number;
  readonly rssMb: number;
  readonly threads: number;
  readonly files: number;
}

const rig = await Rig.start({ ...process.env, ROS_DOMAIN_ID: String(domain), ROS_AUTOMATIC_DISCOVERY_RANGE: "LOCALHOST" });
const { proxy } = rig;
const samples: Sample[] = [];
const missed = { periods: 0, cycles: 0 };
const holds = new Map<string, number>();
let [goals, reached] = [0, 0];
const [load = 0] = loadavg();
const startS = monotonicS();
try {
  await rig.ready({ ...DEFAULT_SETUP, simTime: true });
  await rig.setSimulator({ realtime_factor: factor + 1e-6 });
  const pid = rig.controller.pid!;
  const robotS = async (): Promise<number> => (await proxy.waitFor<SeenTruth>(isTruth, "the robot's joints", monotonicS() - 1)).robot_s;
  const robotStartS = await robotS();
  let over = false;
  const sampling = (async () => {
    while (!over) {
      const timeS = await robotS() - robotStartS;
      samples.push({ timeS, ...memoryOf(pid) });
      over ||= timeS > minutes * 60 || monotonicS() - startS > limit * 60;
      await sleep(SAMPLE_EVERY_S * 1000);
    }
  })();
  const going = (async () => {
    while (!over) {
      await rig.startTask(goals % 1000);
      const sentS = monotonicS();
      const goal = rig.sendGoal();
      goals++;
      await proxy.waitFor((seen) => isStatus(seen) && seen.values["goal"] === goal && seen.values["final"] === "true", "", sentS, GOAL_S * 1000).catch(() => undefined);
      count();
      proxy.forget();
    }
  })();
  await Promise.all([sampling, going.catch((error: unknown) => {
    over = true;
    throw error;
  })]);
} finally {
  await rig.close();
}
const text = report();
process.stdout.write(`${text}\n`);
if (docs !== undefined) await writeBetweenMarkers(docs, "soak", text);

/** Takes from what was seen what the report needs, before it is forgotten. */
function count(): void {
  let before = "";
  let last = "";
  for (const seen of proxy.seen) {
    if (seen.event === "diagnostics") {
      const values = seen["values"] as Readonly<Record<string, string>>;
      missed.periods = Number(values["missed_periods"] ?? missed.periods);
      missed.cycles = Number(values["missed_command_cycles"] ?? missed.cycles);
    }
    if (!isStatus(seen)) continue;
    last = seen.values["state"] ?? "";
    const reason = last === "holding" ? seen.values["hold_reason"] ?? "" : "";
    if (reason !== "" && reason !== before) holds.set(reason, (holds.get(reason) ?? 0) + 1);
    before = reason;
  }
  if (last === "reached") reached++;
}

function memoryOf(pid: number): Omit<Sample, "timeS"> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const value = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? NaN);
  return { rssMb: value("VmRSS") / 1024, threads: value("Threads"), files: readdirSync(`/proc/${pid}/fd`).length };
}

function report(): string {
  const lastS = samples.at(-1)?.timeS ?? 0;
  const realS = monotonicS() - startS;
  const late = samples.filter(({ timeS }) => timeS >= WARM_UP * lastS);
  const slope = leastSquaresSlope(late.map(({ timeS, rssMb }) => [timeS, rssMb] as const));
  const grown = slope * lastS * (1 - WARM_UP);
  const mean = late.reduce((sum, { rssMb }) => sum + rssMb, 0) / late.length;
  const grows = !(grown < FLAT * mean);
  const row = (name: string, of: (sample: Sample) => number, digits: number): string =>
    `| ${name} | ${of(samples[0]!).toFixed(digits)} | ${of(late[0]!).toFixed(digits)} | ${of(samples.at(-1)!).toFixed(digits)} | ${Math.max(...samples.map(of)).toFixed(digits)} |`;
  const cores = cpus();
  return [
    `${(lastS / 60).toFixed(1)} simulated minutes in ${(realS / 60).toFixed(1)} real ones on ${cores.length} cores (${cores[0]?.model.trim() ?? "unknown"}), load average ${load.toFixed(1)} at the start; `
    + `${goals} goals one after the other, ${reached} of them reached. The simulator was asked for ${factor} times real time.`,
    "",
    "| of the controller's process | at the start | after the warm-up | at the end | most |",
    "|---|---|---|---|---|",
    row("resident memory (MB)", ({ rssMb }) => rssMb, 1),
    row("threads", ({ threads }) => threads, 0),
    row("open files", ({ files }) => files, 0),
    "",
    `Slope of the memory after the first ${100 * WARM_UP} % (least squares over ${late.length} samples): ${(slope * 60).toFixed(3)} MB per simulated minute, ${grown.toFixed(1)} MB in that time: `
    + `${grows ? "**it grows**" : "flat"}. Missed control periods: ${missed.periods}; missed command cycles: ${missed.cycles} of ${Math.round(lastS * 50)}. `
    + `Holds: ${holds.size === 0 ? "none" : [...holds].map(([reason, times]) => `${reason} ${times}`).join(", ")}.`,
  ].join("\n");
}
