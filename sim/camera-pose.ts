import { type OpticalPose, quaternionOfRotation } from "../src/camera/optical-pose.js";
import { unit } from "./unit.js";

/** A pinhole camera's place and lens. */
export interface CameraPose {
  /** m, world frame. */
  readonly position: readonly [number, number, number];
  readonly lookAt: readonly [number, number, number];
  /** Vertical field of view, rad. */
  readonly fovY: number;
}

/** Opposite the arm and to its left, looking down at the table: the workspace fills the picture, and the cube is six pixels wide in 96. */
export const DEFAULT_CAMERA: CameraPose = { position: [1.3, 0.5, 0.72], lookAt: [0.48, 0.0, 0.13], fovY: 0.66 };

/** Unit vectors of a camera that is held level: where it looks, and what is to the right and down in its picture. */
export function viewAxes({ position: p, lookAt }: CameraPose): Readonly<Record<"forward" | "right" | "down", readonly [number, number, number]>> {
  const f = unit([lookAt[0] - p[0], lookAt[1] - p[1], lookAt[2] - p[2]]);
  const r = unit([f[1], -f[0], 0]);
  return { forward: f, right: r, down: [f[1] * r[2] - f[2] * r[1], f[2] * r[0] - f[0] * r[2], f[0] * r[1] - f[1] * r[0]] };
}

/** The same place as the pose of the optical frame. @param rollRad how far the camera is turned about its axis, clockwise as it looks. */
export function opticalPose(pose: CameraPose, rollRad = 0): OpticalPose {
  const { forward, right, down } = rolledAxes(pose, rollRad);
  return { positionM: pose.position, quaternion: quaternionOfRotation([0, 1, 2].flatMap((axis) => [right[axis]!, down[axis]!, forward[axis]!])) };
}

/** As viewAxes(), of a camera that is not held level. */
export function rolledAxes(pose: CameraPose, rollRad: number): ReturnType<typeof viewAxes> {
  const { forward, right, down } = viewAxes(pose);
  const [cos, sin] = [Math.cos(rollRad), Math.sin(rollRad)];
  return {
    forward,
    right: right.map((v, i) => cos * v + sin * down[i]!) as [number, number, number],
    down: down.map((v, i) => cos * v - sin * right[i]!) as [number, number, number],
  };
}
