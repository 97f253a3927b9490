/** A binary heap of numbers with keys; the smallest key comes first. */
export class MinHeap {
  readonly #keys: number[] = [];
  readonly #values: number[] = [];

  push(key: number, value: number): void {
    let at = this.#keys.length;
    this.#keys.push(key);
    this.#values.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent]! <= key) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  pop(): { readonly key: number; readonly value: number } | undefined {
    const [key, value] = [this.#keys[0], this.#values[0]];
    if (key === undefined || value === undefined) return undefined;
    const lastKey = this.#keys.pop()!;
    const lastValue = this.#values.pop()!;
    const count = this.#keys.length;
    if (count > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && this.#keys[child + 1]! < this.#keys[child]!) child++;
        if (this.#keys[child]! >= lastKey) break;
        this.#move(child, at);
        at = child;
      }
      this.#keys[at] = lastKey;
      this.#values[at] = lastValue;
    }
    return { key, value };
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from]!;
    this.#values[to] = this.#values[from]!;
  }
}
