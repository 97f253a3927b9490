import type { AnswerMessage, Command, HealthMessage, ServerMessage, StateMessage } from "../messages.js";

/** The server says something at least every half second; after this silence the page is cut off, ms. */
const SILENCE_MS = 2500;
/** A busy server takes its time; who gives up earlier each time never gets in, ms. */
const CONNECTED_WITHIN_MS = 10_000;
const WATCH_EVERY_MS = 250;
/** Whoever looks so much later than it wanted to was busy, ms. */
const BUSY_MS = 2 * WATCH_EVERY_MS;
const ANSWER_WITHIN_MS = 8000;
const RETRY_MS = [300, 700, 1500, 3000] as const;
/** As CAMERA_PICTURE of messages.ts; only types come from there. */
const CAMERA_PICTURE = 1;

type Unsent<C> = C extends Command ? Omit<C, "id"> : never;
export type Answer = Pick<AnswerMessage, "ok" | "message">;
type Listener = (message: ServerMessage) => void;

/** The page's WebSocket: makes itself again, and says when it is cut off. */
class Connection {
  #socket: WebSocket | undefined;
  #heardMs = 0;
  #watchedMs = 0;
  #open = false;
  #retries = 0;
  #nextId = 1;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #newest = new Map<string, ServerMessage>();
  readonly #linkListeners = new Set<(open: boolean) => void>();
  #onPicture: (jpeg: Blob) => Promise<void> = () => Promise.resolve();

  constructor() {
    this.#connect();
    setInterval(() => { this.#watch(); }, WATCH_EVERY_MS);
    // A phone that wakes up should not wait for the next try.
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible" && !this.#open) this.#connect(); });
  }

  /** Whether the server is heard. */
  get open(): boolean {
    return this.#open;
  }

  /** Calls back with the newest at once: what does not change is sent once, and a part of the page may be loaded later than that. */
  on<Type extends StateMessage["type"] | HealthMessage["type"]>(type: Type, listener: (message: Extract<ServerMessage, { type: Type }>) => void): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    listeners.add(listener as Listener);
    this.#listeners.set(type, listeners);
    const newest = this.#newest.get(type);
    if (newest !== undefined) tell(listener as Listener, newest);
  }

  /** Calls back at once and whenever it changes. */
  onLink(listener: (open: boolean) => void): void {
    this.#linkListeners.add(listener);
    listener(this.#open);
  }

  /** @param show draws the picture; the next one comes when it has resolved. */
  onPicture(show: (jpeg: Blob) => Promise<void>): void {
    this.#onPicture = show;
  }

  /** Never rejects. */
  ask(command: Unsent<Command>): Promise<Answer> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ ok: false, message: "The server is not reached." });
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => { this.#answers.delete(id); resolve({ ok: false, message: "The server did not answer." }); }, ANSWER_WITHIN_MS);
      this.#answers.set(id, (answer) => {
        clearTimeout(timer);
        this.#answers.delete(id);
        resolve(answer);
      });
      socket.send(JSON.stringify({ ...command, id }));
    });
  }

  #connect(): void {
    this.#socket?.close();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    this.#socket = socket;
    this.#heardMs = performance.now();
    socket.binaryType = "arraybuffer";
    // Being let in may have taken longer than silence may last.
    socket.onopen = () => { this.#heardMs = performance.now(); };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#heardMs = performance.now();
      this.#retries = 0;
      this.#setOpen(true);
      if (typeof data === "string") this.#take(JSON.parse(data) as ServerMessage);
      else void this.#takePicture(socket, data);
    };
    socket.onclose = () => { if (this.#socket === socket) this.#lost(); };
  }

  #watch(): void {
    const nowMs = performance.now();
    // What came while the page itself was busy waits behind this: it is looked at first.
    const busy = nowMs - this.#watchedMs > BUSY_MS;
    this.#watchedMs = nowMs;
    const allowedMs = this.#socket?.readyState === WebSocket.CONNECTING ? CONNECTED_WITHIN_MS : SILENCE_MS;
    if (!busy && this.#socket !== undefined && nowMs - this.#heardMs > allowedMs) this.#lost();
  }

  #lost(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#setOpen(false);
    for (const answer of [...this.#answers.values()]) answer({ ok: false, message: "The connection was lost before the answer came." });
    const waitMs = RETRY_MS[Math.min(this.#retries++, RETRY_MS.length - 1)]!;
    setTimeout(() => { if (this.#socket === undefined) this.#connect(); }, waitMs);
  }

  #setOpen(open: boolean): void {
    if (open === this.#open) return;
    this.#open = open;
    for (const listener of this.#linkListeners) listener(open);
  }

  #take(message: ServerMessage): void {
    if (message.type === "answer") {
      this.#answers.get(message.id)?.(message);
      return;
    }
    this.#newest.set(message.type, message);
    for (const listener of this.#listeners.get(message.type) ?? []) tell(listener, message);
  }

  async #takePicture(socket: WebSocket, data: ArrayBuffer): Promise<void> {
    if (new Uint8Array(data, 0, 1)[0] !== CAMERA_PICTURE) return;
    try {
      await this.#onPicture(new Blob([new Uint8Array(data, 1)], { type: "image/jpeg" }));
    } catch (error) {
      console.error(error);
    }
    if (socket.readyState === WebSocket.OPEN) socket.send("{\"do\":\"shown\"}");
  }
}

/** One part of the page that fails must not keep the others from what they show. */
function tell(listener: Listener, message: ServerMessage): void {
  try {
    listener(message);
  } catch (error) {
    console.error(error);
  }
}

export const connection = new Connection();
