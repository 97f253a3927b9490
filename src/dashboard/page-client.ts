import type { RawData, WebSocket } from "ws";

import { readCommand } from "./commands.js";

import type { LiveState } from "./live-state.js";
import type { AnswerMessage, Command, HealthMessage } from "./messages.js";
import type { PictureFeed } from "./picture-feed.js";
import type { Done } from "./robot-port.js";

/** With more than this waiting to leave, nothing but answers is sent, bytes. */
const FULL_BYTES = 256 * 1024;
/** With more than this waiting the client is let go: not even answers may pile up, bytes. */
const OVERFULL_BYTES = 1024 * 1024;
/** A picture that was not said to be shown for so long is taken for lost, ms. */
const SHOWN_WITHIN_MS = 5000;
/** Who answers no ping for so long is gone, ms. */
const SILENT_MS = 15_000;
const PING_EVERY_MS = 3000;
/** Commands besides stop that may come at once, and how many a second go on. */
const BURST = 30;
const COMMANDS_PER_S = 15;
/** Messages of any kind that may come at once, and a second. No page of ours comes near it. */
const FLOOD_BURST = 400;
const FLOOD_PER_S = 200;

export interface PageClientOptions {
  readonly socket: WebSocket;
  readonly state: LiveState;
  readonly pictures: PictureFeed;
  /** Never rejects. */
  readonly execute: (command: Command) => Promise<Done>;
}

/**
 * One browser. It is only ever sent the newest of everything, and only when what was sent before has left: of the slow ones the
 * pictures become fewer, and nothing is kept for them.
 */
export class PageClient {
  readonly #options: PageClientOptions;
  readonly #socket: WebSocket;
  #revision = 0;
  #picture = 0;
  #shownDueMs: number | undefined;
  #heardMs = performance.now();
  #pingedMs = performance.now();
  readonly #commands = new Allowance(BURST, COMMANDS_PER_S);
  readonly #messages = new Allowance(FLOOD_BURST, FLOOD_PER_S);

  constructor(options: PageClientOptions) {
    this.#options = options;
    this.#socket = options.socket;
    options.socket.on("pong", () => { this.#heardMs = performance.now(); });
    options.socket.on("message", (data, isBinary) => { this.#take(data, isBinary); });
  }

  /** Sends what is new; called at the rate that pictures may have. @param health sent too, where given. */
  tick(health: HealthMessage | undefined): void {
    const socket = this.#socket;
    const nowMs = performance.now();
    if (nowMs - this.#heardMs > SILENT_MS || socket.bufferedAmount > OVERFULL_BYTES) {
      // Not close(): that would wait for somebody who does not listen.
      socket.terminate();
      return;
    }
    if (socket.readyState !== socket.OPEN || socket.bufferedAmount > FULL_BYTES) return;
    if (nowMs - this.#pingedMs > PING_EVERY_MS) {
      this.#pingedMs = nowMs;
      socket.ping();
    }
    if (health !== undefined) socket.send(JSON.stringify(health));
    const { state, pictures } = this.#options;
    if (state.revision > this.#revision) {
      for (const text of state.since(this.#revision)) socket.send(text);
      this.#revision = state.revision;
    }
    if (this.#shownDueMs !== undefined && nowMs < this.#shownDueMs) return;
    const next = pictures.packed(this.#picture);
    if (next !== undefined) {
      this.#picture = next.number;
      this.#shownDueMs = nowMs + SHOWN_WITHIN_MS;
      socket.send(next.bytes);
    }
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#heardMs = performance.now();
    const read = isBinary ? { ok: false as const, reason: "commands are text" } : readCommand((data as Buffer).toString("utf8"));
    const flood = !this.#messages.take();
    if (!read.ok) {
      this.#answer({ type: "answer", id: read.id ?? -1, ok: false, message: read.reason });
    } else if (read.command.do === "shown") {
      this.#shownDueMs = undefined;
    } else if (read.command.do === "stop" || this.#commands.take()) {
      const { command } = read;
      // A stop is done whatever came before it, also by who is let go for sending too much.
      void this.#options.execute(command).then(({ ok, message }) => { this.#answer({ type: "answer", id: command.id, ok, message }); });
    } else {
      this.#answer({ type: "answer", id: read.command.id, ok: false, message: `too many commands; at most ${COMMANDS_PER_S} a second are taken` });
    }
    if (flood) this.#socket.terminate();
  }

  #answer(answer: AnswerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(answer));
  }
}

/** So many at once, and so many a second. */
class Allowance {
  readonly #most: number;
  readonly #perS: number;
  #left: number;
  #atMs = performance.now();

  constructor(most: number, perS: number) {
    this.#most = most;
    this.#perS = perS;
    this.#left = most;
  }

  /** @returns whether there was one left. */
  take(): boolean {
    const nowMs = performance.now();
    this.#left = Math.min(this.#most, this.#left + (nowMs - this.#atMs) / 1000 * this.#perS);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
