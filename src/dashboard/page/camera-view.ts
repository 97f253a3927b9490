import { connection } from "./connection.js";
import { element, setText } from "./element.js";
import { subGoalText } from "./sub-goal.js";

import type { CandidatesMessage, GoalSummary, PicturePoint, StatusMessage } from "../messages.js";

/** A picture that is older is drawn pale, ms. */
const STALE_MS = 2000;

/** The camera's picture with what is planned drawn over it, and the goal beside it. */
export function showCamera(): void {
  const canvas = element<HTMLCanvasElement>("camera");
  const note = element("camera-note");
  const context = canvas.getContext("2d");
  let picture: ImageBitmap | undefined;
  let candidates: CandidatesMessage | undefined;
  let shownMs = Number.NEGATIVE_INFINITY;
  let times: number[] = [];

  const draw = (): void => {
    if (context === null || picture === undefined) return;
    // So many points that lines drawn over a small picture are fine ones.
    const scale = Math.max(1, Math.round(480 / picture.width));
    const [width, height] = [picture.width * scale, picture.height * scale];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, width, height);
    if (candidates?.picture !== undefined) drawPlan(context, candidates.picture, width, height);
  };
  connection.onPicture(async (jpeg) => {
    const next = await createImageBitmap(jpeg);
    picture?.close();
    picture = next;
    shownMs = performance.now();
    times = [...times.filter((at) => shownMs - at < 3000), shownMs];
    draw();
  });
  connection.on("candidates", (message) => { candidates = message; draw(); });
  setInterval(() => {
    const stale = performance.now() - shownMs > STALE_MS;
    canvas.parentElement!.toggleAttribute("data-stale", stale);
    const nowMs = performance.now();
    times = times.filter((at) => nowMs - at < 3000);
    setText(note, picture === undefined ? "no picture yet" : stale ? "no picture for some seconds" : `${(times.length / 3).toFixed(0)} a second`);
    const ends = candidates?.picture === undefined || candidates.ends.length === 0 ? "" : ` Over it, ${candidates.ends.length} places where candidates end and the way of the plan.`;
    canvas.setAttribute("aria-label", picture === undefined ? "Camera: no picture yet" : `Camera, ${stale ? "not live: no picture for some seconds" : "live"}.${ends}`);
  }, 500);
  showGoal();
}

function drawPlan(context: CanvasRenderingContext2D, { ends, path }: NonNullable<CandidatesMessage["picture"]>, width: number, height: number): void {
  const style = getComputedStyle(document.documentElement);
  const size = width / 110;
  const at = ([x, y]: PicturePoint): [number, number] => [x * width, y * height];
  context.lineWidth = size / 3;
  context.strokeStyle = "rgb(0 0 0 / 0.55)";
  context.fillStyle = style.getPropertyValue("--candidate");
  for (const end of ends) {
    context.beginPath();
    context.arc(...at(end), size, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
  const last = path.at(-1);
  if (last === undefined) return;
  // Twice: a dark edge keeps it visible on any ground.
  for (const [colour, thickness] of [["rgb(0 0 0 / 0.55)", size], [style.getPropertyValue("--chosen"), size * 0.6]] as const) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.beginPath();
    for (const point of path) context.lineTo(...at(point));
    context.stroke();
  }
  const [x, y] = at(last);
  context.fillStyle = style.getPropertyValue("--chosen");
  context.fillRect(x - size, y - size, size * 2, size * 2);
}

/** The picture of the goal that the controller has, where the library has it. */
function showGoal(): void {
  const image = element<HTMLImageElement>("goal-picture");
  const none = element("goal-none");
  let goals: readonly GoalSummary[] = [];
  let name: string | undefined;
  let now: Pick<StatusMessage, "goal" | "subGoal"> = {};
  const show = (): void => {
    // The picture of the sub-goal, for what is gone for now can be compared with what is seen now.
    const pictured = now.subGoal?.name ?? now.goal;
    const url = goals.find((goal) => goal.name === pictured)?.url;
    setText(element("goal-name"), name ?? "");
    image.hidden = url === undefined;
    none.hidden = url !== undefined;
    setText(none, name === undefined ? "No goal" : "The goal's picture is not in this library");
    if (url === undefined) return;
    if (image.getAttribute("src") !== url) image.src = url;
    image.alt = `Goal ${name}`;
  };
  connection.on("goals", (message) => { goals = message.goals; show(); });
  connection.on("status", (message) => {
    const shown = [message.goal, subGoalText(message)].filter((text) => text !== undefined).join(", ");
    if (shown === (name ?? "")) return;
    name = message.goal === undefined ? undefined : shown;
    now = message;
    show();
  });
}
