/** What is estimated: y = theta . x + noise. */
export interface LeastSquaresOptions {
  /** How far each number is from 0 before anything is known (standard deviation); as many as there are numbers. */
  readonly priorStd: readonly number[];
  /** Each number is kept within these. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Standard deviation of one measurement. */
  readonly noiseStd: number;
  /** How much a measurement still counts after the next one, in (0, 1]. */
  readonly forgetting: number;
}

/** What is known, as plain data. */
export interface LeastSquaresState {
  readonly theta: readonly number[];
  /** Covariance of theta, row-major [n, n]. */
  readonly covariance: readonly number[];
}

/**
 * Recursive least squares with exponential forgetting (Ljung, "System Identification", 2nd edition, section 11.2), begun from a prior and kept in a box.
 *
 * Forgetting alone makes what is not excited ever less certain, until one noisy measurement throws it anywhere ("wind-up"): nothing is forgotten that would leave
 * less known than the prior did. Measurements that are not finite are left out.
 */
export class RecursiveLeastSquares {
  readonly #options: LeastSquaresOptions;
  readonly #theta: Float64Array;
  readonly #covariance: Float64Array;
  readonly #gain: Float64Array;
  readonly #spread: Float64Array;

  /** @throws RangeError when an option makes no sense. */
  constructor(options: LeastSquaresOptions) {
    const { priorStd, low, high, noiseStd, forgetting } = options;
    const size = priorStd.length;
    if (size === 0 || low.length !== size || high.length !== size) throw new RangeError(`priorStd, low and high have ${size}, ${low.length} and ${high.length} numbers: give as many of each, at least one`);
    if (!priorStd.every((std) => std > 0 && Number.isFinite(std))) throw new RangeError(`priorStd is ${priorStd.join(", ")}: must be above 0`);
    if (!low.every((value, i) => value <= 0 && high[i]! >= 0)) throw new RangeError(`the bounds ${low.join(", ")} to ${high.join(", ")} must hold 0, which is the prior`);
    if (!(noiseStd > 0 && Number.isFinite(noiseStd))) throw new RangeError(`noiseStd is ${noiseStd}: must be above 0`);
    if (!(forgetting > 0 && forgetting <= 1)) throw new RangeError(`forgetting is ${forgetting}: must be above 0 and at most 1`);
    this.#options = options;
    this.#theta = new Float64Array(size);
    this.#covariance = new Float64Array(size * size);
    this.#gain = new Float64Array(size);
    this.#spread = new Float64Array(size);
    this.reset();
  }

  /** The estimate, [n]; do not keep it. */
  get theta(): Readonly<Float64Array> {
    return this.#theta;
  }

  /** Standard deviation of one number of the estimate. */
  std(i: number): number {
    return Math.sqrt(this.#covariance[i * this.#theta.length + i]!);
  }

  /**
   * What of a number is sure: it less its standard deviation, towards 0. A correction by it leaves a robot alone that does not differ.
   */
  sure(i: number): number {
    const value = this.#theta[i]!;
    return Math.sign(value) * Math.max(0, Math.abs(value) - this.std(i));
  }

  /** Back to the prior. */
  reset(): void {
    const n = this.#theta.length;
    this.#theta.fill(0);
    this.#covariance.fill(0);
    this.#options.priorStd.forEach((std, i) => { this.#covariance[i * n + i] = std * std; });
  }

  /** Takes a measurement. @param x regressors, [n]. */
  update(x: readonly number[], y: number): void {
    if (x.length !== this.#theta.length || !Number.isFinite(y) || !x.every(Number.isFinite)) return;
    const { noiseStd, low, high } = this.#options;
    const [theta, covariance, gain, spread] = [this.#theta, this.#covariance, this.#gain, this.#spread];
    const n = theta.length;
    let variance = noiseStd * noiseStd;
    let error = y;
    for (let i = 0; i < n; i++) {
      spread[i] = 0;
      for (let j = 0; j < n; j++) spread[i]! += covariance[i * n + j]! * x[j]!;
      variance += x[i]! * spread[i]!;
      error -= theta[i]! * x[i]!;
    }
    for (let i = 0; i < n; i++) gain[i] = spread[i]! / variance;
    for (let i = 0; i < n; i++) {
      theta[i] = Math.min(high[i]!, Math.max(low[i]!, theta[i]! + gain[i]! * error));
      // The same product on either side of the diagonal: rounding must not make it lopsided.
      for (let j = i; j < n; j++) covariance[i * n + j] = covariance[j * n + i] = covariance[i * n + j]! - gain[i]! * spread[j]!;
    }
    this.#forget();
    // Numbers beyond all measure, or rounding that has eaten the covariance: what is known is worth nothing then.
    if (!theta.every(Number.isFinite) || !this.#sound()) this.reset();
  }

  save(): LeastSquaresState {
    return { theta: [...this.#theta], covariance: [...this.#covariance] };
  }

  /** Goes on from what was saved; bounds that have become narrower hold. @throws RangeError when it is of another size or unsound. */
  restore({ theta, covariance }: LeastSquaresState): void {
    const n = this.#theta.length;
    if (theta.length !== n || covariance.length !== n * n) throw new RangeError(`the estimate has ${theta.length} numbers and ${covariance.length} covariances: must be ${n} and ${n * n}`);
    const { low, high } = this.#options;
    theta.forEach((value, i) => { this.#theta[i] = Math.min(high[i]!, Math.max(low[i]!, value)); });
    this.#covariance.set(covariance);
    if (this.#theta.every(Number.isFinite) && this.#sound()) return;
    this.reset();
    throw new RangeError("the estimate has numbers that are not finite, or variances that are not above 0");
  }

  #forget(): void {
    const { forgetting, priorStd } = this.#options;
    const n = this.#theta.length;
    const covariance = this.#covariance;
    // By as much as leaves every number at least as well known as it was at first.
    let factor = 1 / forgetting;
    for (let i = 0; i < n; i++) factor = Math.min(factor, (priorStd[i]! * priorStd[i]!) / covariance[i * n + i]!);
    if (factor > 1) for (let i = 0; i < covariance.length; i++) covariance[i]! *= factor;
  }

  #sound(): boolean {
    const n = this.#theta.length;
    return this.#covariance.every(Number.isFinite) && this.#theta.every((_, i) => this.#covariance[i * n + i]! > 0);
  }
}
