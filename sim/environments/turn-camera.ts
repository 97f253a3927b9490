import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import type { Environment } from "./environment.js";

/** The vertical line that turned cameras go round: through the middle of the workspace; x and y, m. */
export const CAMERA_PIVOT_M: readonly [number, number] = [0, 1].map((axis) => (FR3_WORKSPACE.low[axis]! + FR3_WORKSPACE.high[axis]!) / 2) as [number, number];

/** The same room, seen by a camera that went so far round the workspace: counterclockwise from above, rad. It sees what it saw before, turned. */
export function turnCamera(environment: Environment, turnRad: number): Environment {
  if (turnRad === 0) return environment;
  const { position, lookAt, fovY } = environment.camera;
  return { ...environment, camera: { position: turned(position, turnRad), lookAt: turned(lookAt, turnRad), fovY } };
}

function turned([x, y, z]: readonly [number, number, number], angle: number): [number, number, number] {
  const [px, py] = CAMERA_PIVOT_M;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [px + cos * (x - px) - sin * (y - py), py + sin * (x - px) + cos * (y - py), z];
}
