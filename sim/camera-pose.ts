/** A pinhole camera's place and lens. */
export interface CameraPose {
  /** m, world frame. */
  readonly position: readonly [number, number, number];
  readonly lookAt: readonly [number, number, number];
  /** Vertical field of view, rad. */
  readonly fovY: number;
}

/** Opposite the arm and to its left, looking down at the table: table, tool and shadow are all in view. */
export const DEFAULT_CAMERA: CameraPose = { position: [1.3, 0.5, 0.72], lookAt: [0.48, 0.0, 0.13], fovY: 0.66 };
