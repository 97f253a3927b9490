import { type CameraPose, DEFAULT_CAMERA, viewAxes } from "./camera-pose.js";
import type { Random } from "./random.js";

/** The camera pushed so far (m) to some side, and turned so far (rad) to another. */
export function movedPose(random: Random, distanceM: number, angleRad: number): CameraPose {
  const { position, fovY } = DEFAULT_CAMERA;
  const [x, y, z] = [random.normal(), random.normal(), random.normal()];
  const scale = distanceM / Math.hypot(x, y, z);
  const at: [number, number, number] = [position[0] + scale * x, position[1] + scale * y, position[2] + scale * z];
  const { forward, right, down } = viewAxes(DEFAULT_CAMERA);
  const side = random.uniform(0, 2 * Math.PI);
  const ahead = (axis: 0 | 1 | 2): number => at[axis] + forward[axis] + Math.tan(angleRad) * (Math.cos(side) * right[axis] + Math.sin(side) * down[axis]);
  return { position: at, lookAt: [ahead(0), ahead(1), ahead(2)], fovY };
}
