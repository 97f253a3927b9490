import type { StateMessage } from "./messages.js";

type Kind = StateMessage["type"];

/** The newest message of each kind, as text, with a number that grows with every change: who knows the number knows what is new to it. */
export class LiveState {
  readonly #newest = new Map<Kind, { readonly text: string; readonly revision: number }>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** Messages that are the same as before are no change. */
  set(message: StateMessage): void {
    const text = JSON.stringify(message);
    if (this.#newest.get(message.type)?.text !== text) this.#newest.set(message.type, { text, revision: ++this.#revision });
  }

  /** Texts of what has changed since a revision; 0 gives all there is. */
  since(revision: number): string[] {
    return [...this.#newest.values()].filter((entry) => entry.revision > revision).map((entry) => entry.text);
  }
}
