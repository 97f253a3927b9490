import { connection } from "./connection.js";
import { element, make, setChildren, showAnswer } from "./element.js";
import { currentStep, subGoalText } from "./sub-goal.js";

import type { GoalStep, GoalSummary, StatusMessage } from "../messages.js";

/** What is being gone for, of a card: `step` of a sequence that is as the controller read it. */
interface Current {
  readonly text?: string | undefined;
  readonly step?: GoalStep | undefined;
}

/** The goal library: goals and sequences that can be gone for, and keeping the camera's picture as one more. */
export function showGoals(): void {
  const answer = element("goals-answer");
  let goals: readonly GoalSummary[] = [];
  let current: Pick<StatusMessage, "goal" | "subGoal"> = {};
  let cards = new Map<string, { readonly key: string; readonly item: HTMLElement }>();
  // A card of which nothing changes stays in the page.
  const show = (): void => {
    const list = element("goals");
    const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset["goal"] : undefined;
    cards = new Map(goals.map((goal) => {
      const now = goal.name === current.goal ? { text: subGoalText(current), step: currentStep(goals, current) } : undefined;
      const key = JSON.stringify([goal, now ?? null]);
      const shown = cards.get(goal.name);
      return [goal.name, shown?.key === key ? shown : { key, item: card(goal, now, async () => {
        showAnswer(answer, { ok: true, message: `Asking for ${goal.name} …` });
        showAnswer(answer, await connection.ask({ do: "goal", name: goal.name }));
      }) }];
    }));
    setChildren(list, goals.length === 0 ? [make("li", "quiet", "No goals yet: move the arm by hand and keep the picture below.")] : [...cards.values()].map(({ item }) => item));
    if (focused !== undefined) list.querySelector<HTMLElement>(`[data-goal="${CSS.escape(focused)}"]`)?.focus();
  };
  connection.on("goals", (message) => { ({ goals } = message); show(); });
  connection.on("status", (message) => {
    const same = message.goal === current.goal && subGoalText(message) === subGoalText(current);
    current = message;
    if (!same) show();
  });
  element<HTMLFormElement>("capture").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = element<HTMLInputElement>("capture-name");
    void connection.ask({ do: "capture", name: name.value, replace: element<HTMLInputElement>("capture-replace").checked }).then((done) => {
      showAnswer(answer, done);
      if (done.ok) name.value = "";
    });
  });
}

function card(goal: GoalSummary, current: Current | undefined, go: () => Promise<void>): HTMLElement {
  const { name, url, problem, note, steps } = goal;
  const item = make("li", steps === undefined ? "" : "sequence");
  item.toggleAttribute("data-current", current !== undefined);
  if (steps === undefined && url !== undefined) item.append(picture(url));
  item.append(make("span", "name", name));
  if (steps !== undefined) item.append(stepList(name, steps, current?.step));
  item.append(make("span", problem === undefined ? "note" : "note problem", problem ?? note));
  if (current?.text !== undefined) item.append(make("span", "progress", current.text));
  if (problem === undefined) {
    const again = current === undefined ? "Go" : "Go again";
    const button = make("button", "", again);
    button.type = "button";
    button.dataset["goal"] = name;
    button.setAttribute("aria-label", `${again} to ${name}${steps === undefined ? "" : `, a sequence of ${steps.length}`}: moves the robot`);
    button.addEventListener("click", () => { void go(); });
    item.append(button);
  }
  return item;
}

/** A sequence's goals in their order; readers are told which one is gone for. */
function stepList(name: string, steps: readonly GoalStep[], current: GoalStep | undefined): HTMLElement {
  const list = make("ol", "steps");
  list.setAttribute("aria-label", `Goals of ${name}`);
  list.append(...steps.map((step) => {
    const item = make("li");
    if (step === current) item.setAttribute("aria-current", "step");
    if (step.url !== undefined) item.append(picture(step.url));
    item.append(make("span", "", step.name));
    return item;
  }));
  return list;
}

/** Its name stands beside it. */
function picture(url: string): HTMLImageElement {
  const image = make("img");
  image.src = url;
  image.alt = "";
  image.loading = "lazy";
  return image;
}
