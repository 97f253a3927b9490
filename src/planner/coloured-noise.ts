import type { Random } from "./random.js";

/**
 * Gaussian sequences whose power falls with frequency as f^-exponent (Timmer and König 1995, as iCEM uses them:
 * Pinneri et al. 2020, section 3.1). 0 is white noise; the larger the exponent, the longer an arm keeps going one way
 * and the farther a random sequence gets, where white noise only trembles on the spot.
 *
 * The inverse Fourier transform of a few steps is a small matrix, computed once: noise = basis · independent normals.
 * Each step has unit variance whatever the exponent; frequency 0 gets the power of the lowest frequency, 1/length.
 */
export class ColouredNoise {
  readonly length: number;
  /** Row-major [length, length]; the rows have unit norm. */
  readonly #basis: Float64Array;
  readonly #white: Float64Array;
  readonly #isWhite: boolean;

  /**
   * @param length steps a sequence.
   * @param exponent of the power law, at least 0.
   * @throws RangeError for a length that is no positive whole number or a negative exponent.
   */
  constructor(length: number, exponent: number) {
    if (!Number.isInteger(length) || length < 1) {
      throw new RangeError(`noise length ${length} is not a positive whole number`);
    }
    if (!(exponent >= 0 && Number.isFinite(exponent))) {
      throw new RangeError(`noise exponent ${exponent} is not a number of at least 0`);
    }
    this.length = length;
    this.#isWhite = exponent === 0;
    this.#basis = powerLawBasis(length, exponent);
    this.#white = new Float64Array(length);
  }

  /** Writes one sequence of unit variance into `out` [length]. */
  fill(out: Float64Array, random: Random): void {
    const length = this.length;
    if (this.#isWhite) {
      for (let t = 0; t < length; t++) {
        out[t] = random.gaussian();
      }
      return;
    }
    const white = this.#white;
    for (let t = 0; t < length; t++) {
      white[t] = random.gaussian();
    }
    const basis = this.#basis;
    for (let t = 0, at = 0; t < length; t++) {
      let sum = 0;
      for (let k = 0; k < length; k++, at++) {
        sum += basis[at]! * white[k]!;
      }
      out[t] = sum;
    }
  }
}

/** Cosines and sines of each frequency, scaled to its amplitude f^(-exponent/2): one column per independent normal. */
function powerLawBasis(length: number, exponent: number): Float64Array {
  const basis = new Float64Array(length * length);
  const amplitude = (k: number): number => Math.pow(Math.max(k, 1) / length, -exponent / 2);
  for (let t = 0; t < length; t++) {
    const row = t * length;
    let column = 0;
    basis[row + column++] = amplitude(0);
    for (let k = 1; k <= length / 2; k++) {
      const phase = (2 * Math.PI * k * t) / length;
      if (2 * k === length) {
        // The highest frequency of an even length has no sine: it would be 0 at every step.
        basis[row + column++] = amplitude(k) * Math.cos(phase);
      } else {
        basis[row + column++] = Math.SQRT2 * amplitude(k) * Math.cos(phase);
        basis[row + column++] = Math.SQRT2 * amplitude(k) * Math.sin(phase);
      }
    }
    let squares = 0;
    for (let k = 0; k < length; k++) {
      squares += basis[row + k]! ** 2;
    }
    const norm = Math.sqrt(squares);
    for (let k = 0; k < length; k++) {
      basis[row + k]! /= norm;
    }
  }
  return basis;
}
