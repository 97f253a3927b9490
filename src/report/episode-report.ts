import { episodeCharts } from "./episode-charts.js";
import { escapeHtml, htmlTable, shown, svgFigure, type Column } from "./html.js";
import { STYLE } from "./style.js";
import { summarizeReplay, type ReplaySummary } from "./replay-summary.js";
import { pictureUrl } from "./thumbnails.js";

import type { Episode, EpisodeStep } from "../memory/episode.js";
import type { Replay, ReplayedStep } from "./replay-episode.js";

/** The energy round a step's plan, drawn. */
export interface StepLandscape {
  readonly step: number;
  readonly svg: string;
  readonly sentence: string;
}

export interface ReportOptions {
  readonly landscapes?: readonly StepLandscape[];
  readonly replay?: Replay;
  /** Who made it: a name and a version. */
  readonly by: string;
}

/** Frames in the strip. */
const FRAMES = 12;

/**
 * An episode as one HTML page that needs nothing else: no network, no scripts, pictures inside.
 */
export async function episodeReport(episode: Episode, { landscapes = [], replay, by }: ReportOptions): Promise<string> {
  const { header, steps, events, outcome } = episode;
  const title = `${header.goal}: ${outcome.kind}`;
  const sections = [
    section("Pictures", await strip(episode)),
    section("Energies and times", `<div class="charts">${(steps.length === 0 ? [] : await episodeCharts(episode, replay)).join("")}</div>${steps.length === 0 ? "<p>No step was recorded.</p>" : ""}`),
    section("What it said", events.length === 0 ? "<p>Nothing was said.</p>" : htmlTable("States, holds and their reasons on the time line", [
      { title: "time (s)", of: ({ timeS }) => timeS.toFixed(2), numeric: true }, { title: "state", of: ({ state }) => state },
      { title: "hold reason", of: ({ holdReason }) => holdReason ?? "" }, { title: "sentence", of: ({ sentence }) => sentence },
    ], events)),
    ...(landscapes.length === 0 ? [] : [section("Landscape", `<div class="charts">${landscapes.map(({ svg, sentence }) => svgFigure(svg, sentence)).join("")}</div>`)]),
    ...(replay === undefined ? [] : [section("Planned again", replaySection(episode, replay))]),
    section("Every step", `<details><summary>${steps.length} steps as a table</summary>${htmlTable("Steps", stepColumns(episode), steps)}</details>`),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><header><h1>${escapeHtml(`Going for “${header.goal}”`)}</h1>
<p class="outcome ${outcome.kind}">${escapeHtml(outcome.sentence)}</p>
${facts(episode)}</header>
<main>${sections.join("\n")}</main>
<footer>${escapeHtml(`Made by ${by} from episode ${header.id}.`)}</footer></body></html>
`;
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

function facts({ header, steps, outcome }: Episode): string {
  const { bundle } = header;
  const seconds = (Date.parse(outcome.endedAt) - Date.parse(header.startedAt)) / 1000;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["episode", header.id], ["outcome", `${outcome.kind}${outcome.holdReason === undefined ? "" : ` (${outcome.holdReason})`}`],
    ["on", header.source === "robot" ? "a robot" : "the simulator"], ["began", header.startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
    ["took", `${shown(seconds)} s, ${outcome.steps} steps of ${shown(header.periodS)} s`],
    ["recorded", steps.length === outcome.steps ? undefined : `${steps.length} plans`],
    ["sub-goals", header.subGoals.length < 2 ? undefined : header.subGoals.map(({ name }) => name).join(", ")],
    ["truth", outcome.truth === undefined ? undefined : `${outcome.truth.success ? "success" : "no success"}, ${shown(100 * outcome.truth.finalDistanceM)} cm from the goal`],
    ["bundle", `${bundle.name} (encoder ${bundle.encoderSha256.slice(0, 12)}, roll-out ${bundle.rolloutSha256.slice(0, 12)})`],
    ["calibration", header.calibration === undefined ? undefined : header.calibration.replace(/\s+/g, " ").slice(0, 200)],
  ];
  return `<dl>${rows.flatMap(([name, value]) => value === undefined ? [] : [`<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`]).join("")}</dl>`;
}

/** Evenly spaced pictures, the first and the last among them, and the goals. */
async function strip({ header, steps }: Episode): Promise<string> {
  const count = Math.min(FRAMES, steps.length);
  const chosen = [...new Set(Array.from({ length: count }, (_, i) => count === 1 ? 0 : Math.round((i * (steps.length - 1)) / (count - 1))))].map((i) => steps[i]!);
  const figure = (url: string, caption: string, kind = ""): string =>
    `<li class="${kind}"><figure><img src="${url}" alt="${escapeHtml(caption)}"><figcaption>${escapeHtml(caption)}</figcaption></figure></li>`;
  const frames = await Promise.all(chosen.map(async ({ image, index, timeS, startEnergy }) =>
    figure(await pictureUrl(image), `step ${index}, ${timeS.toFixed(1)} s, energy ${shown(startEnergy)}`)));
  const goals = await Promise.all(header.subGoals.map(async ({ name, image }) =>
    image === undefined ? "" : figure(await pictureUrl(image), `goal ${name}`, "goal")));
  const without = header.subGoals.filter(({ image }) => image === undefined).length;
  return `<ul class="strip">${frames.join("")}${goals.join("")}</ul>${without > 0 ? `<p>${without} of ${header.subGoals.length} goals were given without a picture.</p>` : ""}`;
}

function stepColumns({ header }: Episode): Column<EpisodeStep>[] {
  const dim = header.actionNames.length;
  return [
    { title: "step", of: ({ index }) => String(index), numeric: true }, { title: "time (s)", of: ({ timeS }) => timeS.toFixed(2), numeric: true },
    ...(header.subGoals.length < 2 ? [] : [{ title: "sub-goal", of: ({ subGoal }: EpisodeStep) => header.subGoals[subGoal]?.name ?? String(subGoal) }]),
    { title: "energy", of: ({ startEnergy }) => shown(startEnergy), numeric: true }, { title: "end of plan", of: ({ stepEnergies }) => shown(stepEnergies.at(-1)), numeric: true },
    { title: "encoding (ms)", of: ({ encodeMs }) => encodeMs.toFixed(1), numeric: true }, { title: "planning (ms)", of: ({ planMs }) => planMs.toFixed(1), numeric: true },
    { title: "candidates", of: ({ candidates }) => String(candidates), numeric: true },
    ...header.actionNames.map((name, a): Column<EpisodeStep> => ({
      title: `next ${name}`, of: ({ actions, committed }) => shown(actions[committed * dim + a]), numeric: true,
    })),
  ];
}

/** Sentences of what a replay came to, for page and terminal. */
export function replaySentences({ header }: Episode, replay: Replay, summary: ReplaySummary): string[] {
  const { sameEncoder, sameRollout, bundle, method, actionUnits } = replay;
  const { latentDistance, sameLatents, startEnergyDifference, recordedEndEnergy, endEnergy, better, compared, actionDifference, recordedPlanMs, planMs } = summary;
  return [
    `Planned again with ${bundle} and ${method}${sameEncoder && sameRollout ? ", the bundle of the recording" : `, another bundle than the recorded ${header.bundle.name}`}.`,
    latentDistance === undefined ? "The encoder is another one: latents and energies are in another language and are not compared."
      : `The same pictures have ${sameLatents === true ? "the same latents, up to rounding" : "OTHER latents than recorded"} (at most ${shown(latentDistance)} apart${startEnergyDifference === undefined ? "" : `; energies differ by at most ${shown(startEnergyDifference)}`}).`,
    `By this bundle the recorded plans end at an energy of ${shown(recordedEndEnergy)}, the new ones at ${shown(endEnergy)} (medians); the new one is lower in ${better} of ${compared} steps.`,
    `The first free action differs by ${header.actionNames.map((name, a) => `${name} ${shown(actionDifference[a])}${actionUnits[a] === "1" ? "" : ` ${actionUnits[a] ?? ""}`}`).join(", ")} (medians).`,
    `Planning took ${shown(recordedPlanMs)} ms recorded and ${shown(planMs)} ms now, without a deadline (medians).`,
  ];
}

function replaySection(episode: Episode, replay: Replay): string {
  const summary = summarizeReplay(episode, replay);
  const sentences = replaySentences(episode, replay, summary).map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("");
  const rows = replay.steps;
  return `<ul>${sentences}</ul><details><summary>${rows.length} steps as a table</summary>${htmlTable<ReplayedStep>("Recorded and new plans", [
    { title: "step", of: ({ index }) => String(index), numeric: true },
    { title: "latent's distance", of: ({ latentDistance }) => shown(latentDistance), numeric: true }, { title: "energy", of: ({ startEnergy }) => shown(startEnergy), numeric: true },
    { title: "recorded plan's end", of: ({ recordedEndEnergy }) => shown(recordedEndEnergy), numeric: true }, { title: "new plan's end", of: ({ endEnergy }) => shown(endEnergy), numeric: true },
    ...episode.header.actionNames.map((name, a): Column<ReplayedStep> => ({ title: `Δ ${name}`, of: ({ actionDifference }) => shown(actionDifference?.[a]), numeric: true })),
    { title: "planning (ms)", of: ({ planMs }) => planMs.toFixed(1), numeric: true },
  ], rows)}</details>`;
}
