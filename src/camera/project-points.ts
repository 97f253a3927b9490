import { rotationOfQuaternion, type OpticalPose } from "./optical-pose.js";

/** A lens without distortion, pixels; whole numbers are pixel centres, as in sensor_msgs/CameraInfo. */
export interface Pinhole {
  readonly width: number;
  readonly height: number;
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

/** What is needed to say where a point of the base frame is in a picture. */
export interface PlacedCamera {
  readonly pose: OpticalPose;
  readonly lens: Pinhole;
}

/** Nearer to the camera than this, m, a point is not in the picture. */
const NEAREST_M = 1e-3;

/**
 * Where points of the base frame are in a camera's picture. Distortion is left out: at the rim of a strongly distorting lens they are off by what it bends.
 *
 * @param points row-major [n, 3], x y z in the base frame, m.
 * @returns row-major [n, 2], u to the right and v down, pixels; they may lie outside the picture. NaN for points that are not in front of the camera.
 */
export function projectPoints(points: ArrayLike<number>, { pose, lens }: PlacedCamera): Float64Array {
  const count = Math.floor(points.length / 3);
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = rotationOfQuaternion(pose.quaternion);
  const [px, py, pz] = pose.positionM;
  const pixels = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [dx, dy, dz] = [points[3 * i]! - px, points[3 * i + 1]! - py, points[3 * i + 2]! - pz];
    // The pose turns optical axes into the base frame's; the way back is its transpose.
    const depth = r02 * dx + r12 * dy + r22 * dz;
    const ahead = depth > NEAREST_M;
    pixels[2 * i] = ahead ? lens.cx + (lens.fx * (r00 * dx + r10 * dy + r20 * dz)) / depth : NaN;
    pixels[2 * i + 1] = ahead ? lens.cy + (lens.fy * (r01 * dx + r11 * dy + r21 * dz)) / depth : NaN;
  }
  return pixels;
}

/**
 * The lens of a calibration matrix.
 *
 * @param k row-major 3x3, as in sensor_msgs/CameraInfo. @param calibrated size of the pictures that it was measured with.
 * @param shown size of the pictures that are looked at, where it is another; the lens then is the same picture, resized.
 * @returns undefined when the matrix is not one of a calibrated camera (CameraInfo has zeros then).
 */
export function pinholeOfMatrix(
  k: ArrayLike<number>, calibrated: { readonly width: number; readonly height: number }, shown: { readonly width: number; readonly height: number } = calibrated,
): Pinhole | undefined {
  const [fx, fy, cx, cy] = [k[0], k[4], k[2], k[5]];
  if (k.length !== 9 || ![fx, fy, cx, cy].every(Number.isFinite) || !(fx! > 0 && fy! > 0 && calibrated.width > 0 && calibrated.height > 0)) return undefined;
  const [right, down] = [shown.width / calibrated.width, shown.height / calibrated.height];
  // Pixel centres are whole numbers, so that it is the corner at -0.5 that stays where it is.
  return {
    width: shown.width, height: shown.height, fx: fx! * right, fy: fy! * down, cx: (cx! + 0.5) * right - 0.5, cy: (cy! + 0.5) * down - 0.5,
  };
}

/** The lens that sees `fovYRad` from the upper to the lower rim, with square pixels and its axis through the middle of the picture. */
export function pinholeOfFovY(width: number, height: number, fovYRad: number): Pinhole {
  const focal = height / 2 / Math.tan(fovYRad / 2);
  return { width, height, fx: focal, fy: focal, cx: (width - 1) / 2, cy: (height - 1) / 2 };
}
