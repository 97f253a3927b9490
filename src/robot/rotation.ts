/**
 * Rotations as row-major 3x3 matrices and as extrinsic xyz Euler angles: roll about the fixed x axis, then pitch about y, then yaw about z
 * (R = Rz Ry Rx), rad. DROID and V-JEPA 2-AC use these.
 */

/** Below this, roll and yaw turn about the same axis and only their sum or difference is known. */
const GIMBAL = 1e-9;

/** The rotation [9] of roll, pitch and yaw. */
export function rotationOfEuler(roll: number, pitch: number, yaw: number): Float64Array {
  const [a, b, c] = [Math.cos(roll), Math.cos(pitch), Math.cos(yaw)];
  const [sa, sb, sc] = [Math.sin(roll), Math.sin(pitch), Math.sin(yaw)];
  return Float64Array.of(
    c * b, c * sb * sa - sc * a, c * sb * a + sc * sa,
    sc * b, sc * sb * sa + c * a, sc * sb * a - c * sa,
    -sb, b * sa, b * a,
  );
}

/** Roll, pitch and yaw of a rotation [9]: roll and yaw in -pi .. pi, pitch in -pi/2 .. pi/2; yaw is 0 where the pitch leaves it open. */
export function eulerOfRotation(rotation: ArrayLike<number>): [number, number, number] {
  const at = (row: number, column: number): number => rotation[3 * row + column] as number;
  const level = Math.hypot(at(2, 1), at(2, 2));
  const pitch = Math.atan2(-at(2, 0), level);
  if (level < GIMBAL) return [Math.atan2(-at(1, 2), at(1, 1)), pitch, 0];
  return [Math.atan2(at(2, 1), at(2, 2)), pitch, Math.atan2(at(1, 0), at(0, 0))];
}

/** The rotation [9] of `second` after `first`, both about the fixed axes. */
export function composed(second: ArrayLike<number>, first: ArrayLike<number>): Float64Array {
  const product = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      for (let k = 0; k < 3; k++) {
        product[3 * row + column]! += (second[3 * row + k] as number) * (first[3 * k + column] as number);
      }
    }
  }
  return product;
}
