import type { RgbImage } from "../../src/camera/types.js";
import type { RayCastCamera } from "../camera.js";
import type { SimWorld } from "../world.js";

/** A task: a start, a goal that is given as a picture, and a rule by the simulator's truth that the planner never sees. */
export interface Task {
  readonly name: string;
  /** Within this distance the goal is reached, m. */
  readonly toleranceM: number;
  /** The goal as a picture; the world is as before afterwards. */
  goalImage(camera: RayCastCamera): RgbImage;
  /** Puts the world to the start. */
  start(): void;
  /** How far the world is from the goal now, m. */
  distanceM(): number;
}

/** A task between two saved states of the world. */
export class StateTask implements Task {
  readonly name: string;
  readonly toleranceM: number;
  readonly #world: SimWorld;
  readonly #start: Uint8Array;
  readonly #goal: Uint8Array;
  readonly #distance: () => number;

  /** @param distance from the goal in the world's present state, m. */
  constructor(name: string, world: SimWorld, toleranceM: number, start: Uint8Array, goal: Uint8Array, distance: () => number) {
    this.name = name;
    this.toleranceM = toleranceM;
    this.#world = world;
    this.#start = start;
    this.#goal = goal;
    this.#distance = distance;
  }

  goalImage(camera: RayCastCamera): RgbImage {
    const now = this.#world.saveState();
    this.#world.restoreState(this.#goal);
    const image = camera.rgb();
    this.#world.restoreState(now);
    return image;
  }

  start(): void {
    this.#world.restoreState(this.#start);
  }

  distanceM(): number {
    return this.#distance();
  }
}
