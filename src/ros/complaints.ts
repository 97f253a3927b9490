/** The same complaint comes at most this often, s. */
const EVERY_S = 2;
/** So many different complaints are remembered. */
const REMEMBERED = 32;

/** Lets each text through at most every two seconds: what goes wrong at the camera's rate must not fill the log. */
export class Complaints {
  readonly #log: (text: string) => void;
  readonly #nowS: () => number;
  readonly #last = new Map<string, number>();

  /** @param nowS monotonic seconds. */
  constructor(log: (text: string) => void, nowS: () => number = () => performance.now() / 1000) {
    this.#log = log;
    this.#nowS = nowS;
  }

  /** @param topic complaints on one topic count as the same although their numbers differ. Default: the text itself. */
  say(text: string, topic: string = text): void {
    const now = this.#nowS();
    if (now - (this.#last.get(topic) ?? Number.NEGATIVE_INFINITY) < EVERY_S) {
      return;
    }
    this.#last.delete(topic);
    this.#last.set(topic, now);
    const oldest = this.#last.keys().next();
    if (this.#last.size > REMEMBERED && oldest.done !== true) {
      this.#last.delete(oldest.value);
    }
    this.#log(text);
  }
}
