/**
 * A seeded random sequence: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, the same on every machine.
 * `Math.random` cannot be seeded, and a plan that cannot be repeated cannot be debugged.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 0;
  /** The second half of the last Gaussian pair, or NaN. */
  #spare = NaN;

  /** @param seed a whole number (up to 2^53 in size). */
  constructor(seed: number) {
    this.reset(seed);
  }

  /**
   * Starts the sequence of `seed` anew.
   * @throws RangeError when the seed is not a safe whole number.
   */
  reset(seed: number): void {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`seed ${seed} is not a whole number`);
    }
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = 0x9e3779b9 | 0;
    this.#counter = 1;
    this.#spare = NaN;
    // The author's seeding: 15 rounds until neighbouring seeds have nothing in common.
    for (let i = 0; i < 15; i++) {
      this.#next();
    }
  }

  /** Uniform in (0, 1): 32 bits, never 0, so that its logarithm is finite. */
  uniform(): number {
    return (this.#next() + 0.5) / 0x1_0000_0000;
  }

  /** Standard normal, by the polar method (Marsaglia and Bray 1964): two at a time without sine and cosine. */
  gaussian(): number {
    if (!Number.isNaN(this.#spare)) {
      const value = this.#spare;
      this.#spare = NaN;
      return value;
    }
    let x = 0;
    let y = 0;
    let squared = 0;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      squared = x * x + y * y;
    } while (squared >= 1 || squared === 0);
    const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
    this.#spare = y * factor;
    return x * factor;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}
