export type Vector3 = readonly [x: number, y: number, z: number];
/** Of unit length. */
export type Quaternion = readonly [x: number, y: number, z: number, w: number];

/** Where a camera stands: its optical frame (REP 103: x to the right in the picture, y down, z where it looks) in the base frame. */
export interface OpticalPose {
  readonly positionM: Vector3;
  readonly quaternion: Quaternion;
}

type Matrix3 = [number, number, number, number, number, number, number, number, number];

/** Quaternions of another length than this off 1 are typing errors. */
const UNIT_WITHIN = 0.01;

/** The rotation, row-major 3x3: its columns are the turned frame's axes. */
export function rotationOfQuaternion([x, y, z, w]: Quaternion): Matrix3 {
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
  ];
}

/** The quaternion of a rotation, row-major 3x3 (Shepperd 1978: the largest of the four is taken out of the diagonal). */
export function quaternionOfRotation(r: ArrayLike<number>): Quaternion {
  const [r00, r11, r22] = [r[0]!, r[4]!, r[8]!];
  const squares = [1 + r00 - r11 - r22, 1 - r00 + r11 - r22, 1 - r00 - r11 + r22, 1 + r00 + r11 + r22];
  const largest = squares.indexOf(Math.max(...squares));
  const q = [
    [squares[0]!, r[1]! + r[3]!, r[2]! + r[6]!, r[7]! - r[5]!],
    [r[1]! + r[3]!, squares[1]!, r[5]! + r[7]!, r[2]! - r[6]!],
    [r[2]! + r[6]!, r[5]! + r[7]!, squares[2]!, r[3]! - r[1]!],
    [r[7]! - r[5]!, r[2]! - r[6]!, r[3]! - r[1]!, squares[3]!],
  ][largest]!;
  const length = Math.hypot(...q);
  return q.map((value) => value / length) as unknown as Quaternion;
}

/** Roll about the fixed x axis, then pitch about y, then yaw about z, rad, as static_transform_publisher and URDF have them. */
function quaternionOfEuler(roll: number, pitch: number, yaw: number): Quaternion {
  const [cr, cp, cy] = [Math.cos(roll / 2), Math.cos(pitch / 2), Math.cos(yaw / 2)];
  const [sr, sp, sy] = [Math.sin(roll / 2), Math.sin(pitch / 2), Math.sin(yaw / 2)];
  return [sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy];
}

/**
 * A pose as people write it: `x y z qx qy qz qw`, or `x y z roll pitch yaw`; m, rad, with spaces or commas between.
 *
 * @throws RangeError, a clause that says what is wrong with it.
 */
export function parseOpticalPose(text: string): OpticalPose {
  const numbers = text.split(/[\s,]+/).filter((part) => part !== "").map(Number);
  if (!(numbers.length === 6 || numbers.length === 7) || !numbers.every(Number.isFinite)) {
    throw new RangeError(`must be x y z qx qy qz qw or x y z roll pitch yaw (m, rad), not ${JSON.stringify(text)}`);
  }
  const [x, y, z, a, b, c, w] = numbers as [number, number, number, number, number, number, number | undefined];
  if (w === undefined) return { positionM: [x, y, z], quaternion: quaternionOfEuler(a, b, c) };
  const length = Math.hypot(a, b, c, w);
  if (Math.abs(length - 1) > UNIT_WITHIN) throw new RangeError(`has a quaternion of length ${length.toPrecision(4)}: it must be 1`);
  return { positionM: [x, y, z], quaternion: [a / length, b / length, c / length, w / length] };
}

/** The pose as parseOpticalPose() reads it. */
export function formatOpticalPose({ positionM, quaternion }: OpticalPose): string {
  return [...positionM, ...quaternion].map((value) => Number(value.toFixed(6))).join(" ");
}

/** Pose of c in a, of b in a and c in b. */
export function composedPoses(ab: OpticalPose, bc: OpticalPose): OpticalPose {
  const [x1, y1, z1, w1] = ab.quaternion;
  const [x2, y2, z2, w2] = bc.quaternion;
  const r = rotationOfQuaternion(ab.quaternion);
  const [x, y, z] = bc.positionM;
  const [px, py, pz] = ab.positionM;
  return {
    positionM: [px + r[0] * x + r[1] * y + r[2] * z, py + r[3] * x + r[4] * y + r[5] * z, pz + r[6] * x + r[7] * y + r[8] * z],
    quaternion: [
      w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2, w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2, w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2, w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
    ],
  };
}

/** Pose of a in b, of b in a. */
export function invertedPose({ positionM: [x, y, z], quaternion: [qx, qy, qz, qw] }: OpticalPose): OpticalPose {
  const back: Quaternion = [-qx, -qy, -qz, qw];
  const r = rotationOfQuaternion(back);
  return { positionM: [-(r[0] * x + r[1] * y + r[2] * z), -(r[3] * x + r[4] * y + r[5] * z), -(r[6] * x + r[7] * y + r[8] * z)], quaternion: back };
}
