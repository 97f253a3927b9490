/**
 * Cost of being near a border: 0 from `margin` away, rising as a parabola to 1 at the border, beyond it on along its tangent. So it is smooth,
 * and a start on the wrong side still has a slope that leads back.
 *
 * @param clearance signed distance to the border, m; negative on the wrong side. @param margin above 0, m.
 */
export function softBarrier(clearance: number, margin: number): number {
  if (clearance >= margin) return 0;
  if (clearance < 0) return 1 - (2 * clearance) / margin;
  const depth = 1 - clearance / margin;
  return depth * depth;
}
