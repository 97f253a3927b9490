/** @throws RangeError with one line when the value is not a number in [low, high]. */
export function requireWithin(what: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) throw new RangeError(`guards: ${what} is ${value}, it must be a number from ${low} to ${high}`);
}

/** @throws RangeError with one line when the lower threshold is not below the upper one. */
export function requireBelow(lower: string, low: number, upper: string, high: number): void {
  if (!(low < high)) throw new RangeError(`guards: ${lower} is ${low}, it must be below ${upper}, which is ${high}`);
}
