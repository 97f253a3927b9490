import { connection } from "./connection.js";
import { element, make, setText, showAnswer } from "./element.js";
import { subGoalText } from "./sub-goal.js";

import type { HealthMessage, StatusMessage } from "../messages.js";

const WORDS: Readonly<Record<string, string>> = {
  waiting_for_inputs: "waiting for inputs", idle: "idle", planning: "moving to the goal", holding: "holding", reached: "reached", stopped: "stopped",
  inactive: "inactive", starting: "starting",
};

/** What the robot does and why, and what a person may do about it. */
export function showState(): void {
  const chip = element("state");
  const reason = element("state-reason");
  const sentence = element("sentence");
  const reset = element<HTMLButtonElement>("reset");
  const pause = element<HTMLButtonElement>("pause");
  const answer = element("state-answer");
  const announce = element("announce");
  const announceStop = element("announce-stop");
  let status: StatusMessage | undefined;
  let health: HealthMessage | undefined;
  let said = "";
  let paused = false;

  const show = (): void => {
    if (status === undefined) return;
    const { state } = status;
    chip.dataset["state"] = state;
    setText(chip, WORDS[state] ?? (state === "" ? "not heard" : state));
    setText(reason, state === "holding" || state === "stopped" || state === "waiting_for_inputs" ? (status.holdReason ?? "").replaceAll("_", " ") : "");
    setText(sentence, status.sentence);
    paused = status.sentence.startsWith("Paused");
    const controller = health?.controller === true && connection.open;
    reset.disabled = !controller || !(state === "stopped" || (state === "holding" && status.final));
    pause.disabled = !controller || state === "stopped";
    pause.setAttribute("aria-pressed", String(paused));
    setText(pause, paused ? "Go on" : "Pause");
    numbers(status, health);
    // Sentences have numbers that change with every plan; readers are told of changes of state.
    const now = `${state} ${status.holdReason ?? ""} ${status.goal ?? ""} ${subGoalText(status) ?? ""}`;
    if (now !== said) {
      said = now;
      setText(state === "stopped" ? announceStop : announce, status.sentence);
    }
  };
  connection.on("status", (message) => { status = message; show(); });
  connection.on("health", (message) => { health = message; links(message); show(); });
  connection.onLink((open) => {
    element("link-server").dataset["link"] = open ? "ok" : "lost";
    if (!open) for (const id of ["link-controller", "link-camera"]) element(id).dataset["link"] = "wait";
    show();
  });
  const ask = (command: Parameters<typeof connection.ask>[0]) => async (): Promise<void> => { showAnswer(answer, await connection.ask(command)); };
  reset.addEventListener("click", () => { void ask({ do: "reset" })(); });
  pause.addEventListener("click", () => { void ask({ do: "pause", on: !paused })(); });
}

function links({ controller, camera }: HealthMessage): void {
  element("link-controller").dataset["link"] = controller ? "ok" : "lost";
  element("link-camera").dataset["link"] = camera ? "ok" : "lost";
}

const shownNumbers = new Map<string, HTMLElement>();

function numbers(status: StatusMessage, health: HealthMessage | undefined): void {
  const surprise = Math.max(...Object.values(status.surprise));
  const entries: readonly (readonly [label: string, text: string | undefined])[] = [
    ["goal", status.goal],
    ["sub-goal", subGoalText(status)],
    ["steps", status.steps?.toString()],
    ["plan", status.planMs === undefined ? undefined : `${status.planMs.toFixed(0)} ms`],
    ["speed", status.speedScale === undefined ? undefined : `slowed to ${(status.speedScale * 100).toFixed(0)} %`],
    ["surprise", Number.isFinite(surprise) ? `${(surprise * 100).toFixed(0)} % of the limit` : undefined],
    ["camera", health?.imageHz === undefined ? undefined : `${health.imageHz.toFixed(1)} Hz`],
    ["joint states", health?.jointStatesHz === undefined ? undefined : `${health.jointStatesHz.toFixed(0)} Hz`],
    ["late periods", health?.missedPeriods?.toString()],
  ];
  const list = element("numbers");
  for (const [label, text] of entries) {
    let shown = shownNumbers.get(label);
    if (shown === undefined) {
      const group = make("div");
      shown = make("dd");
      group.append(make("dt", "", label), shown);
      list.append(group);
      shownNumbers.set(label, shown);
    }
    setText(shown, text ?? "–");
  }
}
