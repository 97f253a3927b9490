import type { OpticalPose } from "../src/camera/optical-pose.js";
import type { RgbImage } from "../src/camera/types.js";
import { type CameraPose, DEFAULT_CAMERA, opticalPose, rolledAxes } from "./camera-pose.js";
import { type Environment, PLAIN_ENVIRONMENT } from "./environments/index.js";
import { addSensorNoise, SurfaceColours } from "./environments/surface-colours.js";
import { LEAST_SIDE, MOST_SIDE } from "./picture-size.js";
import { noHits, RayCaster } from "./ray-caster.js";
import type { SimWorld } from "./world.js";

export interface RayCastCameraOptions {
  /** Pixels, 64 to 256. */
  readonly width: number;
  readonly height: number;
  /** Rays per pixel along each axis where edges are (anti-aliasing); 1 turns it off; default 2. */
  readonly samples?: number;
  readonly shadows?: boolean;
  /** Keeps the camera here whatever the room says; default: the room's own place. */
  readonly pose?: CameraPose;
}

export { type CameraPose, DEFAULT_CAMERA } from "./camera-pose.js";

const SKY = [0.74, 0.79, 0.85] as const;

/** Neighbours whose normals differ by more than this (cosine) have an edge between them. */
const SAME_FACE = 0.9;

/**
 * A camera without a graphics card: rays through MuJoCo's `mj_multiRay`, Lambert shading by geom colour, shadows by a
 * second cast from the lamp. One ray a pixel first; pixels at an edge (another geom, face or shadow beside them) are cast
 * again with `samples`² rays, which costs less than half of casting them all and gives the same picture.
 */
export class RayCastCamera {
  readonly width: number;
  readonly height: number;
  readonly #world: SimWorld;
  readonly #samples: number;
  readonly #shadows: boolean;
  readonly #fixedPose: CameraPose | undefined;
  readonly #pixels: number;
  readonly #centres: Float64Array;
  readonly #caster: RayCaster;
  readonly #hits = noHits();
  readonly #lampHits = noHits();
  #lampRays = new Float64Array(0);

  // Of the room, made by #look.
  #environment: Environment | undefined;
  #surfaces!: SurfaceColours;
  #pose = DEFAULT_CAMERA;
  #roll = 0;
  #forward: readonly [number, number, number] = [0, 0, 0];
  #right: readonly [number, number, number] = [0, 0, 0];
  #down: readonly [number, number, number] = [0, 0, 0];

  /** @throws Error when the size is not 64 to 256 pixels. */
  constructor(world: SimWorld, options: RayCastCameraOptions) {
    for (const [name, value] of [["width", options.width], ["height", options.height]] as const) {
      if (!Number.isInteger(value) || value < LEAST_SIDE || value > MOST_SIDE) throw new Error(`camera: ${name} is ${value} pixels; give a whole number from ${LEAST_SIDE} to ${MOST_SIDE}`);
    }
    this.#world = world;
    this.width = options.width;
    this.height = options.height;
    this.#samples = options.samples ?? 2;
    this.#shadows = options.shadows ?? true;
    this.#fixedPose = options.pose;
    this.#pixels = this.width * this.height;
    this.#centres = new Float64Array(3 * this.#pixels);
    this.#caster = new RayCaster(world);
    this.#look();
  }

  /** Takes up the room that the world is in now. */
  #look(): Environment {
    const { environment } = this.#world;
    if (environment === this.#environment) return environment;
    this.#environment = environment;
    this.#surfaces = new SurfaceColours(this.#world, environment);
    this.#pose = this.#fixedPose ?? environment.camera;
    this.#roll = this.#fixedPose === undefined ? environment.cameraRoll : 0;
    const { forward, right, down } = rolledAxes(this.#pose, this.#roll);
    this.#forward = forward;
    this.#right = right;
    this.#down = down;
    for (let pixel = 0; pixel < this.#pixels; pixel++) this.#aim(pixel, 0.5, 0.5, this.#centres, pixel);
    return environment;
  }

  /** Focal lengths and centre, pixels, no distortion; whole numbers are pixel centres, as in sensor_msgs/CameraInfo. */
  intrinsics(): { fx: number; fy: number; cx: number; cy: number } {
    this.#look();
    const focal = this.height / 2 / Math.tan(this.#pose.fovY / 2);
    return { fx: focal, fy: focal, cx: (this.width - 1) / 2, cy: (this.height - 1) / 2 };
  }

  /** Where it stands in the world, which is the arm's base frame. */
  opticalPose(): OpticalPose {
    this.#look();
    return opticalPose(this.#pose, this.#roll);
  }

  /** The picture, anti-aliased; a fresh array. */
  rgb(): RgbImage {
    const { pixelNoise, seed } = this.#look();
    const colours = new Float32Array(3 * this.#pixels);
    const surfaces = new Int32Array(this.#pixels);
    this.#render(this.#centres, this.#pixels, colours, surfaces);
    if (this.#samples > 1) this.#refine(this.#edges(surfaces), colours);
    const data = new Uint8Array(3 * this.#pixels);
    for (let i = 0; i < data.length; i++) data[i] = Math.min(255, 255 * (colours[i] as number) + 0.5);
    const image = { width: this.width, height: this.height, data };
    addSensorNoise(image, pixelNoise, seed, this.#world.timeS);
    return image;
  }

  /** Depth along the optical axis at each pixel's centre, m; Infinity where nothing is hit. [height, width] */
  depth(): Float32Array {
    this.#look();
    this.#caster.cast(this.#pose.position, this.#centres, this.#pixels, this.#hits, { withNormals: false });
    const [fx, fy, fz] = this.#forward;
    return Float32Array.from({ length: this.#pixels }, (_, i) => {
      const distance = this.#hits.distance[i] as number;
      const cosine =
        fx * (this.#centres[3 * i] as number) + fy * (this.#centres[3 * i + 1] as number) + fz * (this.#centres[3 * i + 2] as number);
      return distance < 0 ? Infinity : distance * cosine;
    });
  }

  /** MuJoCo's body id at each pixel's centre, -1 where nothing is hit. [height, width] */
  segmentation(): Int32Array {
    this.#look();
    this.#caster.cast(this.#pose.position, this.#centres, this.#pixels, this.#hits, { withNormals: false });
    const bodies = this.#world.model.geom_bodyid as Int32Array;
    return Int32Array.from({ length: this.#pixels }, (_, i) => {
      const geom = this.#hits.geom[i] as number;
      return geom < 0 ? -1 : (bodies[geom] as number);
    });
  }

  /** Writes the unit direction through a point of a pixel (u, v in 0..1 from its top left) as ray number `ray`. */
  #aim(pixel: number, u: number, v: number, directions: Float64Array, ray: number): void {
    const column = pixel % this.width;
    const row = (pixel - column) / this.width;
    const size = (2 * Math.tan(this.#pose.fovY / 2)) / this.height;
    const x = (column + u - this.width / 2) * size;
    const y = (row + v - this.height / 2) * size;
    const scale = 1 / Math.sqrt(1 + x * x + y * y);
    for (let axis = 0; axis < 3; axis++) {
      directions[3 * ray + axis] = scale * ((this.#forward[axis] as number) + x * (this.#right[axis] as number) + y * (this.#down[axis] as number));
    }
  }

  /** Pixels whose right or lower neighbour shows another surface, and those neighbours. */
  #edges(surfaces: Int32Array): number[] {
    const edge = new Uint8Array(this.#pixels);
    const normal = this.#hits.normal;
    const differ = (a: number, b: number): boolean =>
      surfaces[a] !== surfaces[b] ||
      ((surfaces[a] as number) >= 0 &&
        (normal[3 * a] as number) * (normal[3 * b] as number) +
          (normal[3 * a + 1] as number) * (normal[3 * b + 1] as number) +
          (normal[3 * a + 2] as number) * (normal[3 * b + 2] as number) < SAME_FACE);
    for (let pixel = 0; pixel < this.#pixels; pixel++) {
      for (const neighbour of [(pixel + 1) % this.width === 0 ? -1 : pixel + 1, pixel + this.width]) {
        if (neighbour >= 0 && neighbour < this.#pixels && differ(pixel, neighbour)) edge[pixel] = edge[neighbour] = 1;
      }
    }
    const list: number[] = [];
    edge.forEach((is, pixel) => {
      if (is === 1) list.push(pixel);
    });
    return list;
  }

  /** Casts the listed pixels again with samples² rays each and replaces their colours by the mean. */
  #refine(pixels: readonly number[], colours: Float32Array): void {
    const s = this.#samples;
    const each = s * s;
    const directions = new Float64Array(3 * each * pixels.length);
    pixels.forEach((pixel, i) => {
      for (let k = 0; k < each; k++) this.#aim(pixel, ((k % s) + 0.5) / s, (Math.floor(k / s) + 0.5) / s, directions, i * each + k);
    });
    const fine = new Float32Array(directions.length);
    this.#render(directions, each * pixels.length, fine, undefined);
    pixels.forEach((pixel, i) => {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < each; k++) sum += fine[3 * (i * each + k) + c] as number;
        colours[3 * pixel + c] = sum / each;
      }
    });
  }

  /**
   * Casts and shades rays. @param colours [rays, 3], 0..1, written. @param surfaces one number per geom and lit/shadowed, -1 for
   * the sky, [rays], written when given.
   */
  #render(directions: Float64Array, rays: number, colours: Float32Array, surfaces: Int32Array | undefined): void {
    const hits = this.#hits;
    const { lamp } = this.#environment ?? PLAIN_ENVIRONMENT;
    const { timeS } = this.#world;
    const surface = this.#surfaces;
    this.#caster.cast(this.#pose.position, directions, rays, hits, { withNormals: true });
    if (this.#lampRays.length < 3 * rays) this.#lampRays = new Float64Array(3 * rays);
    const toLamp = this.#lampRays;
    for (let i = 0; i < 3 * rays; i++) {
      const axis = i % 3;
      const reach = Math.max(0, hits.distance[(i - axis) / 3] as number);
      toLamp[i] = (this.#pose.position[axis] as number) + reach * (directions[i] as number) - (lamp.position[axis] as number);
    }
    if (this.#shadows) this.#caster.cast(lamp.position, toLamp, rays, this.#lampHits, { withNormals: false });
    const brightness = surface.brightness(timeS);
    for (let ray = 0, at = 0; ray < rays; ray++, at += 3) {
      const geom = hits.geom[ray] as number;
      if (geom < 0) {
        const fade = 0.85 + 0.15 * (directions[at + 2] as number);
        for (let c = 0; c < 3; c++) colours[at + c] = (SKY[c] as number) * fade;
        if (surfaces !== undefined) surfaces[ray] = -1;
        continue;
      }
      const lx = -(toLamp[at] as number);
      const ly = -(toLamp[at + 1] as number);
      const lz = -(toLamp[at + 2] as number);
      const far = Math.sqrt(lx * lx + ly * ly + lz * lz);
      const facing = ((hits.normal[at] as number) * lx + (hits.normal[at + 1] as number) * ly + (hits.normal[at + 2] as number) * lz) / far;
      // The lamp ray is as long as the way to the point, so a hit before 1, less a skin of 2 mm, is something in between.
      const between = this.#shadows ? (this.#lampHits.distance[ray] as number) : -1;
      const dark = facing <= 0 || (between >= 0 && between < 1 - 0.002 / far);
      const [x, y, z] = [lamp.position[0] - lx, lamp.position[1] - ly, lamp.position[2] - lz];
      surface.colour(geom, x, y, z, timeS, colours, at);
      const light = surface.shines(geom) ? 1 : brightness * surface.shade(x, y, timeS) * (lamp.ambient + (dark ? 0 : lamp.diffuse * facing));
      for (let c = 0; c < 3; c++) colours[at + c] = (colours[at + c] as number) * light * (lamp.colour[c] as number);
      if (surfaces !== undefined) surfaces[ray] = 2 * geom + (dark ? 1 : 0);
    }
  }
}
