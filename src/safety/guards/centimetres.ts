/** A length for people: 0.0123 m is "1.2 cm". */
export function centimetres(metres: number): string {
  return `${(100 * metres).toFixed(1)} cm`;
}
