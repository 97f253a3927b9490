import { cpus, homedir } from "node:os";

import type { Outcome } from "./run-fault.js";

/** Markdown of what the suite measured: the table, what is bad, and on what machine. */
export function report(outcomes: readonly Outcome[], when: Date, loadBefore: number): string {
  const rows = outcomes.map((outcome) => row(outcome));
  const bad = outcomes.flatMap(({ fault, problems }) => [
    ...(fault.bad === undefined ? [] : [`- **${fault.name}**: ${fault.bad}`]),
    ...problems.map((problem) => `- **${fault.name}**: not as it should be: ${problem}.`),
  ]);
  const wires = outcomes.flatMap(({ wire }) => wire === undefined ? [] : [wire]);
  const most = (of: (wire: NonNullable<Outcome["wire"]>) => number): number => Math.max(0, ...wires.map(of).filter(Number.isFinite));
  const commands = wires.reduce((sum, wire) => sum + wire.commands, 0);
  const cores = cpus();
  return [
    `${outcomes.length} faults, ${outcomes.filter(({ problems }) => problems.length === 0).length} as they should be. Made on ${when.toISOString().slice(0, 10)} on ${cores.length} cores`
    + ` (${cores[0]?.model.trim() ?? "unknown"}), load average ${loadBefore.toFixed(1)} at the start`
    + (loadBefore > cores.length / 2 ? ": other work ran beside it, so the times are upper bounds." : "."),
    "",
    "| fault | what happens to it | first sign | after | arm stands after | comes back | what is said |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `In all ${commands} commands that were on the wire meanwhile, the largest share of a velocity limit was ${percent(most(({ velocity }) => velocity))}, of an acceleration limit `
    + `${percent(most(({ acceleration }) => acceleration))}, of a jerk limit ${percent(most(({ jerk }) => jerk))}; `
    + `${most(({ outside }) => outside) > 1e-6 ? `one led ${most(({ outside }) => outside).toFixed(4)} outside a position limit` : "none led outside a position limit"}; ${wires.reduce((sum, { malformed }) => sum + malformed, 0)} were malformed. `
    + `The fastest arm joint that the robot measured had ${percent(Math.max(0, ...outcomes.map(({ fastest }) => fastest ?? 0)))} of its speed limit.`,
    "",
    ...(bad.length === 0 ? [] : ["What is bad:", "", ...bad, ""]),
  ].join("\n");
}

function row({ fault, sign, signS, stillS, sentence, recovery, problems }: Outcome): string {
  const keepsMoving = fault.kind === "in_motion" && fault.keepsMoving === true;
  return `| ${[
    problems.length === 0 ? fault.name : `${fault.name} **(!)**`, fault.what, sign === undefined ? "none" : sign.includes(" ") ? sign : `\`${sign}\``, seconds(signS),
    keepsMoving && stillS === undefined ? "**never**" : seconds(stillS), recovery ?? "–", (sentence ?? "–").replaceAll(homedir(), "~").replaceAll("|", "\\|"),
  ].join(" | ")} |`;
}

function seconds(value: number | undefined): string {
  return value === undefined ? "–" : `${value.toFixed(2)} s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
