import fc from "fast-check";

/**
 * Numbers spread evenly over a range, its ends included. `fc.double` spreads over the representable ones, nearly all of which are
 * next to zero.
 */
export function uniform(low: number, high: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 1_000_000 }).map((i) => low + (i / 1_000_000) * (high - low));
}
