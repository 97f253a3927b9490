/** Picks the wanted joints out of messages that have them in an order of their own, or others besides. */
export class JointOrder {
  readonly #joints: readonly string[];
  #names: readonly string[] = [];
  #order: readonly number[] = [];

  constructor(joints: readonly string[]) {
    this.#joints = joints;
  }

  /**
   * @param names of the message's joints. @param values of them.
   * @returns the wanted joints' values, a fresh array; undefined when the message has none of them.
   * @throws Error with one line when some of them are missing, or their values are not finite or not as many as the names.
   */
  pick(names: readonly string[], values: ArrayLike<number>): Float64Array | undefined {
    if (names.length !== this.#names.length || names.some((name, i) => name !== this.#names[i])) {
      this.#names = [...names];
      this.#order = this.#joints.map((joint) => names.indexOf(joint));
    }
    if (this.#order.every((index) => index < 0)) return undefined;
    const missing = this.#joints.filter((_, i) => this.#order[i]! < 0);
    if (missing.length > 0) throw new Error(`the message lacks ${missing.join(", ")}; it has ${names.join(", ")}`);
    if (values.length !== names.length) throw new Error(`the message has ${names.length} names and ${values.length} values`);
    const picked = Float64Array.from(this.#order, (index) => values[index]!);
    const bad = picked.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new Error(`${this.#joints[bad]!} is ${String(picked[bad])}`);
    return picked;
  }
}
