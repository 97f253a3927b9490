/** A corner of a box, m, out of a parameter that is a list of numbers. */
export function corner(values: readonly number[]): [number, number, number] {
  const [x = 0, y = 0, z = 0] = values;
  return [x, y, z];
}
