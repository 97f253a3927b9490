/** So many of the newest own commands are remembered: their echo comes within milliseconds, more than one may be on the way. */
const REMEMBERED = 64;

/** Tells on the command topic one's own commands, which come back, from those of others: two who command one arm fight. */
export class CommandWatch {
  readonly #onForeign: () => void;
  readonly #own = new Set<string>();

  /** @param onForeign told of every command that is not from here. */
  constructor(onForeign: () => void) {
    this.#onForeign = onForeign;
  }

  /** Call it before a command is published. @param content all of it, as text. */
  sent(content: string): void {
    this.#own.delete(content);
    this.#own.add(content);
    if (this.#own.size > REMEMBERED) this.#own.delete(this.#own.values().next().value!);
  }

  /** A command was seen on the topic. */
  seen(content: string): void {
    if (!this.#own.has(content)) this.#onForeign();
  }
}
