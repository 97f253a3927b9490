import { energyLandscape, parseAxes } from "./landscape.js";
import { landscapeSvg } from "../plots/chart.js";
import { shortNumber } from "./print.js";
import { UsageError } from "./usage-error.js";

import type { Episode } from "../memory/episode.js";
import type { StepLandscape } from "../report/episode-report.js";
import type { OnnxWorldModel } from "../world-model/index.js";

/** Values along each axis. */
const POINTS = 33;

/** The steps that `--landscape` names: numbers between commas. @throws UsageError */
export function parseSteps(text: string, { steps }: Episode): number[] {
  return text.split(",").map((part) => {
    const index = Number(part);
    if (part.trim() === "" || !steps.some((step) => step.index === index)) {
      const [first, last] = [steps[0]?.index, steps.at(-1)?.index];
      throw new UsageError(`--landscape ${JSON.stringify(part)} is no recorded step: ${first === undefined ? "there is none" : `they are ${first} to ${last!}`}`);
    }
    return index;
  });
}

/**
 * The energy over two action dimensions round the plan of a step, held over the horizon.
 *
 * @param model of the recording: its latents are what the episode has. @param axes as `--landscape-axes` names them.
 * @throws UsageError when the axes are not the bundle's. @throws Error with one line when no energy is finite.
 */
export async function episodeLandscape({ header, steps }: Episode, index: number, model: OnnxWorldModel, axes: string | undefined): Promise<StepLandscape> {
  const step = steps.find((candidate) => candidate.index === index)!;
  const { action } = model.manifest;
  const chosen = parseAxes("--landscape-axes", axes, action.names);
  const goal = header.subGoals[step.subGoal]!;
  const found = await energyLandscape({
    axes: chosen, steps: model.horizon, horizon: model.horizon, low: action.low, high: action.high, plan: step.actions, count: POINTS,
    score: async (actions, count) => (await model.score(step.latent, step.state, actions, count, goal.latent)).stepEnergies,
  });
  const [x, y] = chosen.map((a) => ({ name: action.names[a]!, unit: action.units[a]! })) as [Axis, Axis];
  const svg = await landscapeSvg({
    title: `Step ${index}`, subtitle: `end of ${model.horizon} steps with the same ${x.name} and ${y.name}, all else as in the plan`,
    x: { ...x, values: found.x }, y: { ...y, values: found.y }, energies: found.energies,
    markers: [{ name: "lowest energy", x: found.lowest.x, y: found.lowest.y }, { name: "plan's first action", ...found.planFirst }, { name: "plan's mean", ...found.planMean }],
  });
  const place = (at: { readonly x: number; readonly y: number }): string => [[x, at.x], [y, at.y]]
    .map(([axis, value]) => `${(axis as Axis).name} ${shortNumber(value as number)}${(axis as Axis).unit === "1" ? "" : ` ${(axis as Axis).unit}`}`).join(", ");
  return { step: index, svg, sentence: `Step ${index}, for ${goal.name}: the energy is lowest (${shortNumber(found.lowest.energy)}) at ${place(found.lowest)}; the plan's mean is ${place(found.planMean)}.` };
}

interface Axis {
  readonly name: string;
  readonly unit: string;
}
