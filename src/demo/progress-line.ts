/** A line that says how far things are: one that is rewritten on a terminal, plain lines about once a second elsewhere. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  readonly #everyMs: number;
  #open = false;
  #last = "";
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(out: NodeJS.WriteStream, everyMs = 1000) {
    this.#out = out;
    this.#everyMs = everyMs;
  }

  /** Shows the newest state; may be left out when the last one is fresh. */
  update(text: string): void {
    if (this.#out.isTTY) {
      this.#out.write(`\r${text.slice(0, (this.#out.columns || 80) - 1)}\x1b[K`);
      this.#open = true;
    } else if (text !== this.#last && performance.now() - this.#lastMs >= this.#everyMs) {
      this.#last = text;
      this.#lastMs = performance.now();
      this.#out.write(`${text}\n`);
    }
  }

  /** Writes a line that stays. */
  say(text: string): void {
    this.done();
    this.#out.write(`${text}\n`);
  }

  /** Ends a rewritten line. */
  done(): void {
    if (this.#open) {
      this.#open = false;
      this.#out.write("\n");
    }
  }
}
