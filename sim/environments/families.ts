import { type CameraPose, DEFAULT_CAMERA, viewAxes } from "../camera-pose.js";
import { Random } from "../random.js";
import { unit } from "../unit.js";
import {
  type Disturbances, type Distractor, type Environment, NO_DISTURBANCES, type ObjectSizes, PLAIN_ENVIRONMENT, PLAIN_OBJECTS,
} from "./environment.js";
import { type Colour, hsv, type Pattern, type Texture } from "./texture.js";

/**
 * - `plain`: the room of `scene.ts`, always the same.
 * - `seen`: drawn as the training data's rooms are.
 * - `unseen`: drawn from patterns, lights, colours and sizes of things that training never had; the camera is moved as far as in training.
 * - `television`, `flicker`, `shadows`: the plain room with one thing that moves and means nothing.
 */
export const ENVIRONMENT_FAMILIES = ["plain", "seen", "unseen", "television", "flicker", "shadows"] as const;

export type EnvironmentFamily = (typeof ENVIRONMENT_FAMILIES)[number];

/** Screen on the far corner of the table, half turned to the camera. */
const TELEVISION = { position: [0.14, -0.4, 0.13], yaw: 0.65, width: 0.3, height: 0.22 } as const;

/** Draws a room; the same family and seed give the same one. */
export function drawEnvironment(family: EnvironmentFamily, seed: number): Environment {
  const random = new Random(seed ^ 0x5ce4e);
  switch (family) {
    case "plain":
      return PLAIN_ENVIRONMENT;
    case "seen":
      return seen(random, seed);
    case "unseen":
      return unseen(random, seed);
    case "television":
      return { ...PLAIN_ENVIRONMENT, seed, disturbances: { ...NO_DISTURBANCES, television: TELEVISION } };
    case "flicker":
      return { ...PLAIN_ENVIRONMENT, seed, disturbances: { ...NO_DISTURBANCES, flicker: 0.35 } };
    case "shadows":
      return { ...PLAIN_ENVIRONMENT, seed, disturbances: { ...NO_DISTURBANCES, shadows: 0.5 } };
    default:
      return family satisfies never;
  }
}

/** Hues of cube and cup that only rooms of another kind have, degrees from and to: in training they have all others. */
const UNSEEN_HUES = { cube: [305, 335], cup: [130, 175] } as const;
/** No hue of training is as near to one of these, degrees. */
const HUE_MARGIN = 5;

/**
 * Draws the room of one training picture. In a quarter of them the table is the plain one; each picture of an episode has a room of its own, so that
 * nothing about a room can be predicted from another picture and only what acts and is acted on remains.
 */
function seen(random: Random, seed: number): Environment {
  const pattern = (): Pattern => pick(random, ["plain", "gradient", "checks", "spots", "clouds"] as const);
  const plainColours = random.uniform() < 0.25;
  const moved = random.uniform();
  // Where any thing may have any colour, shape and size tell which it is; where each has its own, the encoder finds them sooner.
  const anyColour = random.uniform() < 0.4;
  return {
    ...PLAIN_ENVIRONMENT,
    seed,
    ...moveCamera(random, 0.1 * moved, (10 * Math.PI / 180) * moved, 0.05),
    ...(plainColours ? {} : { table: texture(random, pattern(), 0.5), floor: texture(random, pattern(), 0.6) }),
    ...(plainColours && !anyColour ? {} : {
      cubeColour: hsv(anyColour ? seenHue(random) : (340 + random.uniform(0, 75)) % 360, random.uniform(0.5, 1), random.uniform(0.45, 0.95)),
      cupColour: hsv(anyColour ? seenHue(random) : random.uniform(185, 275), random.uniform(0.5, 1), random.uniform(0.4, 0.9)),
    }),
    armTint: tint(random, 0.2),
    lamp: {
      position: [random.uniform(-0.1, 0.85), random.uniform(-1, 0.45), random.uniform(1.6, 3)],
      ambient: random.uniform(0.3, 0.55), diffuse: random.uniform(0.4, 0.85), colour: tint(random, 0.16),
    },
    distractors: Array.from({ length: random.below(4) }, () => distractor(random, 0, 360)),
    disturbances: {
      ...(random.uniform() < 0.25 ? { television: television(random) } : {}),
      flicker: random.uniform(0, 0.3),
      shadows: random.uniform() < 0.3 ? random.uniform(0.2, 0.6) : 0,
    },
    pixelNoise: random.uniform(0, 0.025),
  };
}

/** Any hue outside of those that are kept for rooms of another kind, degrees. */
function seenHue(random: Random): number {
  for (;;) {
    const hue = random.uniform(0, 360);
    if (Object.values(UNSEEN_HUES).every(([from, to]) => hue < from - HUE_MARGIN || hue > to + HUE_MARGIN)) return hue;
  }
}

function unseen(random: Random, seed: number): Environment {
  const pattern = (): Pattern => pick(random, ["stripes", "bricks", "rings"] as const);
  return {
    ...PLAIN_ENVIRONMENT,
    seed,
    ...moveCamera(random, random.uniform(0, 0.1), random.uniform(0, 10 * Math.PI / 180), 0.05),
    objects: otherObjects(random),
    table: texture(random, pattern(), 0.5),
    floor: texture(random, pattern(), 0.6),
    cubeColour: hsv(random.uniform(...UNSEEN_HUES.cube), random.uniform(0.55, 1), random.uniform(0.5, 0.95)),
    cupColour: hsv(random.uniform(...UNSEEN_HUES.cup), random.uniform(0.5, 1), random.uniform(0.4, 0.85)),
    armTint: tint(random, 0.12),
    // From the other side than in training, and warm or cold.
    lamp: {
      position: [random.uniform(0.9, 1.3), random.uniform(0.5, 1), random.uniform(1.6, 2.6)],
      ambient: random.uniform(0.3, 0.5), diffuse: random.uniform(0.5, 0.8), colour: random.uniform() < 0.5 ? [1, 0.88, 0.74] : [0.8, 0.9, 1],
    },
    distractors: Array.from({ length: 1 + random.below(3) }, () => distractor(random, 0, 360)),
    pixelNoise: random.uniform(0.01, 0.03),
  };
}

/** Box and cylinder of other proportions than in training; the gripper can still take them. */
function otherObjects(random: Random): ObjectSizes {
  return {
    cube: [random.uniform(0.019, 0.022), random.uniform(0.026, 0.03), random.uniform(0.024, 0.034)],
    cup: { radius: random.uniform(0.026, 0.03), height: random.uniform(0.07, 0.11) },
  };
}

/** Sizes of an episode's objects; in training they vary a little. */
export function drawObjects(random: Random): ObjectSizes {
  const scale = random.uniform(0.92, 1.08);
  const [x, y, z] = PLAIN_OBJECTS.cube;
  return {
    cube: [x * scale, y * scale, z * scale],
    cup: { radius: PLAIN_OBJECTS.cup.radius * random.uniform(0.92, 1.05), height: PLAIN_OBJECTS.cup.height * random.uniform(0.9, 1.1) },
  };
}

/** Moves the camera by up to a distance and turns it by up to an angle, both in random directions. */
function moveCamera(random: Random, distanceM: number, angleRad: number, lens: number): { camera: CameraPose; cameraRoll: number } {
  const { position, fovY } = DEFAULT_CAMERA;
  const shift = direction(random).map((v) => v * distanceM);
  const at = position.map((v, i) => v + (shift[i] as number)) as [number, number, number];
  const { forward, right, down } = viewAxes(DEFAULT_CAMERA);
  const [pan, tilt, roll] = direction(random).map((v) => v * angleRad) as [number, number, number];
  const ahead = forward.map((v, i) => v + Math.tan(pan) * (right[i] as number) - Math.tan(tilt) * (down[i] as number));
  return {
    camera: { position: at, lookAt: at.map((v, i) => v + (ahead[i] as number)) as [number, number, number], fovY: fovY * (1 + random.uniform(-lens, lens)) },
    cameraRoll: roll,
  };
}

function texture(random: Random, pattern: Pattern, saturation: number): Texture {
  const colour = (): Colour => hsv(random.uniform(0, 360), random.uniform(0, saturation), random.uniform(0.3, 0.95));
  return { pattern, one: colour(), other: colour(), scale: random.uniform(0.05, 0.35), turn: random.uniform(0, Math.PI), seed: random.below(2 ** 30) };
}

/** Stands on the table's edge, outside of the workspace. */
function distractor(random: Random, fromHue: number, toHue: number): Distractor {
  const side = random.below(3);
  const x = side === 0 ? random.uniform(0.74, 0.84) : random.uniform(0.1, 0.7);
  const y = side === 0 ? random.uniform(-0.5, 0.3) : side === 1 ? random.uniform(-0.52, -0.34) : random.uniform(0.34, 0.5);
  const size = [random.uniform(0.015, 0.045), random.uniform(0.015, 0.045), random.uniform(0.015, side === 1 ? 0.1 : 0.04)] as const;
  const shape = pick(random, ["box", "sphere", "cylinder"] as const);
  const height = shape === "sphere" ? size[0] : shape === "cylinder" ? size[1] : size[2];
  return { shape, position: [x, y, height], size, colour: hsv(random.uniform(fromHue, toHue), random.uniform(0, 1), random.uniform(0.2, 0.95)) };
}

function television(random: Random): NonNullable<Disturbances["television"]> {
  const height = random.uniform(0.15, 0.3);
  return {
    position: [random.uniform(0.05, 0.3), random.uniform(-0.5, -0.34), height / 2 + random.uniform(0, 0.05)],
    yaw: random.uniform(0.3, 1), width: random.uniform(0.18, 0.4), height,
  };
}

function tint(random: Random, spread: number): Colour {
  return [1 + random.uniform(-spread, spread), 1 + random.uniform(-spread, spread), 1 + random.uniform(-spread, spread)];
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}

/** Uniform on the sphere. */
function direction(random: Random): [number, number, number] {
  return unit([random.normal(), random.normal(), random.normal()]);
}
