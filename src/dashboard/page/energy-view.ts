import { connection } from "./connection.js";
import { element, setText } from "./element.js";
import { currentStep } from "./sub-goal.js";

import type { EnergyMessage, GoalSummary, StatusMessage } from "../messages.js";

const WIDTH = 600;
const HEIGHT = 220;
const SPAN_S = 60;
/** The trend is that of the last so many seconds. */
const TREND_S = 2;

/** The energy of the last minute on a logarithmic scale, because what counts as reached is a hundredth of where goals begin. */
export function showEnergy(): void {
  let points: EnergyMessage["points"] = [];
  let ofAll: number | undefined;
  let goals: readonly GoalSummary[] = [];
  let now: Pick<StatusMessage, "goal" | "subGoal"> = {};
  const show = (): void => {
    const reachedBelow = currentStep(goals, now)?.reachedBelow ?? ofAll;
    draw(element<SVGSVGElement>("energy"), points, reachedBelow);
    setText(element("energy-text"), inWords(points, reachedBelow));
  };
  connection.on("energy", (message) => { points = message.points; show(); });
  connection.on("facts", (message) => { ofAll = message.reachedBelow; show(); });
  connection.on("goals", (message) => { goals = message.goals; });
  // Drawn with the next energies.
  connection.on("status", (message) => { now = message; });
  show();
}

function inWords(points: EnergyMessage["points"], reachedBelow: number | undefined): string {
  const last = points.at(-1);
  if (last === undefined) return "No goal, so no energy.";
  const [timeS, energy] = last;
  const before = points.findLast(([at]) => at <= timeS - TREND_S)?.[1] ?? points[0]![1];
  const trend = points.length < 2 || Math.abs(energy - before) < 0.02 * before ? "steady" : energy < before ? "falling" : "rising";
  const goal = reachedBelow === undefined ? "" : energy < reachedBelow ? `, below ${reachedBelow.toPrecision(3)}: the goal looks reached` : `; reached below ${reachedBelow.toPrecision(3)}`;
  return `Energy ${energy.toPrecision(3)}, ${trend}${goal}.`;
}

function draw(svg: SVGSVGElement, points: EnergyMessage["points"], reachedBelow: number | undefined): void {
  const values = points.map(([, energy]) => Math.max(energy, 1e-9));
  const all = [...values, ...(reachedBelow === undefined ? [] : [reachedBelow])];
  const low = Math.log10(Math.min(...all)) - 0.15;
  const high = Math.log10(Math.max(...all)) + 0.15;
  const parts: SVGElement[] = [];
  const y = (energy: number): number => HEIGHT - ((Math.log10(Math.max(energy, 1e-9)) - low) / Math.max(0.3, high - low)) * HEIGHT;
  const line = (className: string, at: number): void => {
    parts.push(part("line", { class: className, x1: "0", x2: String(WIDTH), y1: at.toFixed(1), y2: at.toFixed(1) }));
  };
  if (all.length > 0) {
    for (let power = Math.ceil(low); power <= high; power++) line("grid-line", y(10 ** power));
    if (reachedBelow !== undefined) line("reached", y(reachedBelow));
  }
  if (points.length > 0) {
    parts.push(part("polyline", {
      class: "curve",
      points: points.map(([timeS], i) => `${(((timeS + SPAN_S) / SPAN_S) * WIDTH).toFixed(1)},${y(values[i]!).toFixed(1)}`).join(" "),
    }));
  }
  svg.replaceChildren(...parts);
}

function part(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
