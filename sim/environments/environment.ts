import { type CameraPose, DEFAULT_CAMERA } from "../camera-pose.js";
import { CUBE_SIZE, CUP_HEIGHT, CUP_RADIUS } from "../scene.js";
import type { Colour, Texture } from "./texture.js";

export type DistractorShape = "box" | "sphere" | "cylinder";

/** A thing that stands about and only looks: nothing collides with it. */
export interface Distractor {
  readonly shape: DistractorShape;
  /** Centre, m. */
  readonly position: readonly [number, number, number];
  /** Half sizes as MuJoCo has them for the shape, m. */
  readonly size: readonly [number, number, number];
  readonly colour: Colour;
}

/** What moves in the picture without meaning anything; a function of the world's time and the seed. */
export interface Disturbances {
  /** A screen full of moving noise on the table; absent: none. `position` is its centre, m; `yaw` turns its face from +x, rad. */
  readonly television?: { readonly position: readonly [number, number, number]; readonly yaw: number; readonly width: number; readonly height: number };
  /** Largest share by which the lamp's brightness jumps from picture to picture. */
  readonly flicker: number;
  /** How dark drifting shadows are: 0 none, 1 black. */
  readonly shadows: number;
}

/** Sizes of the things that are handled, m; the physics have them too. */
export interface ObjectSizes {
  /** Half sides of the box. */
  readonly cube: readonly [number, number, number];
  readonly cup: { readonly radius: number; readonly height: number };
}

/** A room to be in: how it looks, from where it is seen, and which things lie in it. */
export interface Environment {
  readonly seed: number;
  readonly camera: CameraPose;
  /** Rotation of the camera about its optical axis, rad. */
  readonly cameraRoll: number;
  readonly objects: ObjectSizes;
  readonly table?: Texture;
  readonly floor?: Texture;
  readonly cubeColour?: Colour;
  readonly cupColour?: Colour;
  /** Multiplies the arm's own colours. */
  readonly armTint: Colour;
  readonly lamp: { readonly position: readonly [number, number, number]; readonly ambient: number; readonly diffuse: number; readonly colour: Colour };
  readonly distractors: readonly Distractor[];
  readonly disturbances: Disturbances;
  /** Standard deviation of the sensor's noise, share of full scale. */
  readonly pixelNoise: number;
}

export const PLAIN_OBJECTS: ObjectSizes = {
  cube: [CUBE_SIZE / 2, CUBE_SIZE / 2, CUBE_SIZE / 2],
  cup: { radius: CUP_RADIUS, height: CUP_HEIGHT },
};

export const NO_DISTURBANCES: Disturbances = { flicker: 0, shadows: 0 };

/** The room as `scene.ts` has it. */
export const PLAIN_ENVIRONMENT: Environment = {
  seed: 0,
  camera: DEFAULT_CAMERA,
  cameraRoll: 0,
  objects: PLAIN_OBJECTS,
  armTint: [1, 1, 1],
  // Above the table, so that the shadow under the tool tells its height.
  lamp: { position: [0.45, -0.35, 2.4], ambient: 0.42, diffuse: 0.62, colour: [1, 1, 1] },
  distractors: [],
  disturbances: NO_DISTURBANCES,
  pixelNoise: 0,
};
