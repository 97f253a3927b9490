/** A number for people: six digits; undefined stays undefined. */
export function rounded(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Number(value.toPrecision(6)));
}
