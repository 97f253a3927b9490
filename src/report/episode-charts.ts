import { lineChartSvg, type ChartRule, type LineSeries } from "../plots/chart.js";
import { shown, svgFigure } from "./html.js";
import { median } from "../evaluation/statistics.js";

import type { Episode, EpisodeEvent, EpisodeStep } from "../memory/episode.js";
import type { Replay } from "./replay-episode.js";

/** So that text can still be read on a phone. */
const SIZE = { width: 330, height: 200 } as const;
/** Holds that are drawn on the time line; more of them would hide the curves. */
const MOST_RULES = 4;

/** The charts of an episode, each a figure with its sentence. */
export async function episodeCharts({ header, steps, events }: Episode, replay?: Replay): Promise<string[]> {
  const holds = holdRules(events);
  const over = (value: (step: EpisodeStep, i: number) => number): [number, number][] => steps.map((step, i): [number, number] => [step.timeS, value(step, i)]);
  const figures = [await energyChart(), await planTimes()];
  const terms = await termChart();
  if (terms !== undefined) figures.push(terms);
  const surprise = await surpriseChart();
  if (surprise !== undefined) figures.push(surprise);
  return figures;

  async function energyChart(): Promise<string> {
    const series: LineSeries[] = [
      { name: "of the picture", points: over(({ startEnergy }) => startEnergy) },
      { name: "predicted at the end of the plan", points: over(({ stepEnergies }) => stepEnergies.at(-1) ?? NaN) },
    ];
    if (replay !== undefined) series.push({ name: "predicted at the end of the replayed plan", points: over((_, i) => replay.steps[i]?.endEnergy ?? NaN) });
    const svg = await lineChartSvg({
      title: "Energy", xTitle: "time (s)", yTitle: "energy", yZero: true, ...SIZE, series,
      rules: [{ axis: "y", value: header.reachedBelow, label: `reached below ${shown(header.reachedBelow)}` }, ...subGoalRules(steps, header.subGoals.map(({ name }) => name)), ...holds],
    });
    const [first, last] = [steps.find(({ startEnergy }) => Number.isFinite(startEnergy)), steps.findLast(({ startEnergy }) => Number.isFinite(startEnergy))];
    return svgFigure(svg, `The energy went from ${shown(first?.startEnergy)} to ${shown(last?.startEnergy)}; below ${shown(header.reachedBelow)} counts as reached.`);
  }

  async function planTimes(): Promise<string> {
    const series: LineSeries[] = [{ name: "planning", points: over(({ planMs }) => planMs) }, { name: "encoding", points: over(({ encodeMs }) => encodeMs) }];
    if (replay !== undefined) series.push({ name: "planning again", points: over((_, i) => replay.steps[i]?.planMs ?? NaN) });
    const periodMs = 1000 * header.periodS;
    const svg = await lineChartSvg({
      title: "Time of a plan", xTitle: "time (s)", yTitle: "time (ms)", yZero: true, ...SIZE, series,
      rules: [{ axis: "y", value: periodMs, label: `one period, ${shown(periodMs)} ms` }],
    });
    const totals = steps.map(({ encodeMs, planMs }) => encodeMs + planMs);
    const late = totals.filter((ms) => ms > periodMs).length;
    return svgFigure(svg, `Encoding and planning took ${shown(median(totals))} ms (median), ${shown(Math.max(...totals))} ms at most; ${late} of ${steps.length} took longer than a period of ${shown(periodMs)} ms.`);
  }

  /** What each term of the objective cost the plan that was followed. */
  async function termChart(): Promise<string | undefined> {
    const names = [...new Set(steps.flatMap(({ terms }) => terms.map(({ name }) => name)))];
    if (names.length < 2) return undefined;
    const svg = await lineChartSvg({
      title: "Energy and terms of the plans", subtitle: "weighted, of the plan that was followed", xTitle: "time (s)", yTitle: "cost", ...SIZE,
      series: names.map((name) => ({ name, points: over(({ terms }) => terms.find((term) => term.name === name)?.best ?? NaN) })),
    });
    const share = (name: string): number => median(steps.map(({ terms }) => {
      const total = terms.reduce((sum, { best }) => sum + Math.abs(best), 0);
      return Math.abs(terms.find((term) => term.name === name)?.best ?? NaN) / total;
    }));
    return svgFigure(svg, `Shares of the plans' costs (median): ${names.map((name) => `${name} ${shown(100 * share(name))} %`).join(", ")}.`);
  }

  /** How far what was seen was from what was predicted. */
  async function surpriseChart(): Promise<string | undefined> {
    const error = over(({ latent, predicted }) => predicted === undefined ? NaN : Math.hypot(...predicted.map((value, i) => value - latent[i]!)));
    const unlikeness = over(({ unlikeness }) => unlikeness ?? NaN);
    const known = [{ name: "prediction's error (latent)", points: error }, { name: "picture's unlikeness (1: usual)", points: unlikeness }]
      .filter(({ points }) => points.some(([, value]) => Number.isFinite(value)));
    if (known.length === 0) return undefined;
    const svg = await lineChartSvg({ title: "What was not expected", xTitle: "time (s)", yTitle: "size", yZero: true, ...SIZE, series: known });
    return svgFigure(svg, known.map(({ name, points }) => `${name}: ${shown(median(points.map(([, value]) => value).filter(Number.isFinite)))} (median)`).join(", ") + ".");
  }
}

function holdRules(events: readonly EpisodeEvent[]): ChartRule[] {
  const holds = events.filter(({ state }) => state === "holding" || state === "stopped");
  return holds.slice(0, MOST_RULES).map(({ timeS, state, holdReason }) => ({ axis: "x", value: timeS, label: `${holdReason ?? state} at ${timeS.toFixed(1)} s` }));
}

function subGoalRules(steps: readonly EpisodeStep[], names: readonly string[]): ChartRule[] {
  return steps.flatMap((step, i): ChartRule[] => i === 0 || steps[i - 1]!.subGoal === step.subGoal ? []
    : [{ axis: "x", value: step.timeS, label: `then for ${names[step.subGoal] ?? step.subGoal}` }]).slice(0, MOST_RULES);
}
