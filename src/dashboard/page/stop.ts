import { connection } from "./connection.js";
import { element, setText } from "./element.js";

/** A stop that is not confirmed by then is told large, ms. */
const CONFIRMED_WITHIN_MS = 1500;
const AGAIN_EVERY_MS = 1000;

const form = element<HTMLFormElement>("stop");
const button = element<HTMLButtonElement>("stop-button");
const alarm = element("alarm");
const announce = element("announce-stop");

let stopping: { readonly sinceMs: number; reason: string } | undefined;
let serverHeard = false;
let serverEverHeard = false;
let controllerHeard = true;

/** Asks until it is confirmed, on both ways that there are; the server makes one of them. */
function stop(): void {
  if (stopping !== undefined) return;
  stopping = { sinceMs: performance.now(), reason: "no answer yet" };
  button.dataset["stopping"] = "";
  setText(button, "Stopping");
  say("Stopping.");
  send();
  setTimeout(show, CONFIRMED_WITHIN_MS);
}

function send(): void {
  const asked = stopping;
  if (asked === undefined) return;
  const take = (ok: boolean, message: string): void => {
    if (stopping !== asked) return;
    if (ok) confirmed();
    else asked.reason = message;
    show();
  };
  void connection.ask({ do: "stop" }).then(({ ok, message }) => { take(ok, message); });
  fetch("/stop", { method: "POST", keepalive: true, signal: AbortSignal.timeout(3000) }).then(
    async (response) => { take(response.ok, (await response.text()).trim()); },
    () => { take(false, "The server is not reached."); },
  );
  setTimeout(send, AGAIN_EVERY_MS);
}

function confirmed(): void {
  stopping = undefined;
  delete button.dataset["stopping"];
  setText(button, "Stop");
  say("Stopped. The robot stays stopped until reset.");
}

/** What can keep a stop from the robot is said before anybody needs it. */
function show(): void {
  const text = stopping !== undefined && performance.now() - stopping.sinceMs >= CONFIRMED_WITHIN_MS
    ? `STOP NOT CONFIRMED: use the emergency stop. (${stopping.reason})`
    : !serverHeard && serverEverHeard ? "Connection to the server lost: a stop cannot be delivered. Use the emergency stop."
      : serverHeard && !controllerHeard ? "The controller is not heard: a stop cannot be delivered. Use the emergency stop."
        : "";
  // Only what is new is said again by readers.
  setText(alarm, text);
  alarm.hidden = text === "";
}

function say(text: string): void {
  setText(announce, text);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  stop();
});
// Before the finger is lifted.
button.addEventListener("pointerdown", (event) => { if (event.button === 0) stop(); });
window.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape" || (event.key === " " && isFree(event.target))) {
    event.preventDefault();
    stop();
  }
}, { capture: true });

/** Whether the space bar means nothing where the focus is. */
function isFree(target: EventTarget | null): boolean {
  return !(target instanceof Element && target.closest("a, button, input, select, textarea, summary, canvas, [contenteditable]") !== null);
}

connection.onLink((open) => {
  serverHeard = open;
  serverEverHeard ||= open;
  show();
});
connection.on("health", ({ controller }) => {
  controllerHeard = controller;
  show();
});
connection.on("status", ({ state }) => {
  if (state === "stopped" && stopping !== undefined) confirmed();
  show();
});
// A page that never reaches its server must say so, too.
setTimeout(() => { serverEverHeard = true; show(); }, 4000);
