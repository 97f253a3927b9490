import type { RgbImage } from "../../src/camera/types.js";
import { geomId } from "../furnish.js";
import { Random } from "../random.js";
import { DISTRACTORS } from "../scene.js";
import type { SimWorld } from "../world.js";
import type { Environment } from "./environment.js";
import { hash, paint, smoothNoise, type Texture } from "./texture.js";

/** Blocks along the television's width, and new pictures a second. */
const SCREEN_BLOCKS = 12;
const SCREEN_RATE = 8;
/** Drifting shadows: size of a blob in m, drift in m/s, and the range of the noise over which one sets in. */
const SHADOW_SIZE_M = 0.3;
const SHADOW_DRIFT_M_S = 0.12;
const SHADOW_EDGE = [0.45, 0.65] as const;

/** What colour the surfaces of a room have, before light; made once for a room. */
export class SurfaceColours {
  readonly #environment: Environment;
  /** [geoms, 3] */
  readonly #palette: Float32Array;
  readonly #textures = new Map<number, Texture>();
  readonly #television: number;

  constructor(world: SimWorld, environment: Environment) {
    this.#environment = environment;
    const { mj, model } = world;
    const id = (name: string): number => geomId(mj, model, name);
    const own = model.geom_rgba as Float32Array;
    const bodies = model.geom_bodyid as Int32Array;
    const [cube, cup, cupInside] = [id("cube"), id("cup"), id("cup_inside")];
    const things = new Set([...world.things.map(id), cupInside]);
    this.#palette = new Float32Array(3 * model.ngeom);
    for (let geom = 0; geom < model.ngeom; geom++) {
      // What hangs on the world or on its free bodies is the room's, the rest is the arm's.
      const arm = bodies[geom] !== 0 && !things.has(geom);
      for (let c = 0; c < 3; c++) this.#palette[3 * geom + c] = (own[4 * geom + c] as number) * (arm ? (environment.armTint[c] as number) : 1);
    }
    const { cubeColour, cupColour, table, floor, distractors } = environment;
    if (cubeColour !== undefined) this.#palette.set(cubeColour, 3 * cube);
    if (cupColour !== undefined) {
      this.#palette.set(cupColour, 3 * cup);
      this.#palette.set(cupColour.map((v) => 0.45 * v), 3 * cupInside);
    }
    for (const [name, texture] of [["table", table], ["floor", floor]] as const) if (texture !== undefined) this.#textures.set(id(name), texture);
    for (let i = 0; i < DISTRACTORS; i++) {
      const distractor = distractors[i];
      if (distractor !== undefined) this.#palette.set(distractor.colour, 3 * id(`distractor${i}`));
    }
    this.#television = id("television");
  }

  /** Share of the usual light in the picture at a time: 1 without flicker. */
  brightness(timeS: number): number {
    const { seed, disturbances } = this.#environment;
    return 1 + disturbances.flicker * (2 * hash(Math.round(1000 * timeS), 1, seed) - 1);
  }

  /** Share of the lamp's light that drifting shadows leave at a point of the table. */
  shade(x: number, y: number, timeS: number): number {
    const { seed, disturbances } = this.#environment;
    if (disturbances.shadows === 0) return 1;
    const drift = (SHADOW_DRIFT_M_S * timeS) / SHADOW_SIZE_M;
    const noise = smoothNoise(x / SHADOW_SIZE_M + drift, y / SHADOW_SIZE_M + 0.6 * drift, seed);
    const [from, to] = SHADOW_EDGE;
    return 1 - disturbances.shadows * Math.min(1, Math.max(0, (noise - from) / (to - from)));
  }

  /** A television shines by itself. */
  shines(geom: number): boolean {
    return geom === this.#television;
  }

  /** Writes the colour of a geom at a point (m, world frame) to `out[at .. at + 2]`. */
  colour(geom: number, x: number, y: number, z: number, timeS: number, out: Float32Array, at: number): void {
    const texture = this.#textures.get(geom);
    if (texture !== undefined) {
      paint(texture, x, y, out, at);
    } else if (geom === this.#television) {
      this.#noise(x, y, z, timeS, out, at);
    } else {
      for (let c = 0; c < 3; c++) out[at + c] = this.#palette[3 * geom + c] as number;
    }
  }

  /** Coloured blocks, all new several times a second, that also scroll. */
  #noise(x: number, y: number, z: number, timeS: number, out: Float32Array, at: number): void {
    const screen = this.#environment.disturbances.television;
    if (screen === undefined) return;
    const block = screen.width / SCREEN_BLOCKS;
    const along = -Math.sin(screen.yaw) * (x - screen.position[0]) + Math.cos(screen.yaw) * (y - screen.position[1]);
    const frame = Math.floor(SCREEN_RATE * timeS);
    const [i, j] = [Math.floor((along + 0.15 * timeS) / block), Math.floor(z / block)];
    for (let c = 0; c < 3; c++) out[at + c] = hash(i, j + 131 * c, this.#environment.seed + frame);
  }
}

/** Adds Gaussian noise (share of full scale) to a picture in place; the same for the same seed and time. */
export function addSensorNoise(image: RgbImage, deviation: number, seed: number, timeS: number): void {
  if (deviation === 0) return;
  const random = new Random(seed ^ Math.round(1000 * timeS));
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, (data[i] as number) + random.normal(255 * deviation) + 0.5));
}

