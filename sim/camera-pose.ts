/** A pinhole camera's place and lens. */
export interface CameraPose {
  /** m, world frame. */
  readonly position: readonly [number, number, number];
  readonly lookAt: readonly [number, number, number];
  /** Vertical field of view, rad. */
  readonly fovY: number;
}

/** Opposite the arm and to its left, looking down at the table: table, tool and shadow are all in view. */
export const DEFAULT_CAMERA: CameraPose = { position: [1.3, 0.5, 0.72], lookAt: [0.46, 0.0, 0.15], fovY: 0.8 };

/** The same place with a longer lens, for which the workspace fills the picture: the cube is six pixels wide in 96 instead of three in 64. */
export const NEAR_CAMERA: CameraPose = { position: [1.3, 0.5, 0.72], lookAt: [0.48, 0.0, 0.13], fovY: 0.66 };
