/** Distance between two points, m; each [3]. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot((a[0] as number) - (b[0] as number), (a[1] as number) - (b[1] as number), (a[2] as number) - (b[2] as number));
}
