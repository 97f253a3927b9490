import { connection } from "./connection.js";
import { element, make, showAnswer } from "./element.js";

import type { GoalSummary } from "../messages.js";

/** The goal library: what can be gone for, and keeping the camera's picture as one more. */
export function showGoals(): void {
  const answer = element("goals-answer");
  let goals: readonly GoalSummary[] = [];
  let current: string | undefined;
  const show = (): void => {
    const list = element("goals");
    const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset["goal"] : undefined;
    list.replaceChildren(...goals.map((goal) => card(goal, goal.name === current, async () => {
      showAnswer(answer, { ok: true, message: `Asking for ${goal.name} …` });
      showAnswer(answer, await connection.ask({ do: "goal", name: goal.name }));
    })));
    if (goals.length === 0) list.replaceChildren(make("li", "quiet", "No goals yet: move the arm by hand and keep the picture below."));
    if (focused !== undefined) list.querySelector<HTMLElement>(`[data-goal="${CSS.escape(focused)}"]`)?.focus();
  };
  connection.on("goals", (message) => { ({ goals } = message); show(); });
  connection.on("status", ({ goal }) => {
    if (goal === current) return;
    current = goal;
    show();
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

function card(goal: GoalSummary, current: boolean, go: () => Promise<void>): HTMLElement {
  const item = make("li");
  item.toggleAttribute("data-current", current);
  if (goal.url !== undefined) {
    const image = make("img");
    image.src = goal.url;
    image.alt = "";
    image.loading = "lazy";
    item.append(image);
  }
  item.append(make("span", "name", goal.name), make("span", goal.problem === undefined ? "note" : "note problem", goal.problem ?? goal.note));
  if (goal.problem === undefined) {
    const button = make("button", "", current ? "Go again" : "Go");
    button.type = "button";
    button.dataset["goal"] = goal.name;
    button.setAttribute("aria-label", `${current ? "Go again" : "Go"} to ${goal.name}: moves the robot`);
    button.addEventListener("click", () => { void go(); });
    item.append(button);
  }
  return item;
}
