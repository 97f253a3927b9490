import type { RgbImage } from "../../src/camera/types.js";
import type { RayCastCamera } from "../camera.js";
import type { SceneName } from "../scene.js";
import type { ObjectName, SimWorld } from "../world.js";
import { readTruth, type SceneTruth } from "./truth.js";

/** A picture to bring about. A task has one or more, in order; the last is its goal. */
export interface TaskGoal {
  readonly name: string;
  readonly image: RgbImage;
}

/** A task: a start, goals that are given as pictures, and a rule by the simulator's truth that the planner never sees. */
export interface Task {
  readonly name: string;
  /** What is manipulated; undefined where only the tool moves. */
  readonly object: ObjectName | undefined;
  /** Where a distance decides: within it the goal is reached, m. */
  readonly toleranceM: number;
  /** How far the task is at its start, for binning, m; what it measures is the definition's `startDistance.of`. */
  readonly startDistanceM: number;
  /** Actions that are enough for it. */
  readonly maxSteps: number;
  /** Truth of each goal state, in the order of the pictures: for judges and the oracle. */
  readonly goalTruths: readonly SceneTruth[];
  /** The goals as pictures, sub-goals first; the world is as before afterwards. */
  goalImages(camera: RayCastCamera): TaskGoal[];
  /** The last of the goals, for those who take one picture. */
  goalImage(camera: RayCastCamera): RgbImage;
  /** Puts the world to the start; the judge forgets what it saw. */
  start(): void;
  /** How far the world is from the goal now, m. */
  distanceM(): number;
  /** Whether the task is done. Call it once a period: some rules want a state that lasts. */
  success(): boolean;
  /** Of a task with several things to do, how many are done; undefined for others. */
  partsDone?(): Parts | undefined;
}

/** How many of a task's things are done, and how many there are. */
export interface Parts {
  readonly done: number;
  readonly all: number;
}

/** Judges one episode by the world's truth; made anew for each. */
export interface Judge {
  distanceM(): number;
  success(): boolean;
  partsDone?(): Parts;
}

/** A kind of task: what is the same for all its seeds. */
export interface TaskDefinition {
  readonly name: string;
  /** The scene that its world must be. Default `table`. */
  readonly scene?: SceneName;
  /** Whether it is done with one of the objects. */
  readonly withObject: boolean;
  /** When it counts as done, for people. */
  readonly rule: (object: ObjectName) => string;
  readonly toleranceM: number;
  readonly maxSteps: number;
  /** What the start distance is of, and edges (m) to bin it by. */
  readonly startDistance: { readonly of: string; readonly edgesM: readonly number[] };
  /** Whether arms other than the demo arm can be asked for it. Default false. */
  readonly anyRobot?: boolean;
  /** Makes a task and leaves the world at its start. @param seed seed of the world. @throws NoTaskFound when none is found for the seed. */
  readonly create: (world: SimWorld, seed: number, object: ObjectName) => Task;
}

/** In this world the task cannot be shown: the object stands in a corner, or something is in the hand's way. */
export class NoTaskFound extends Error {
  override name = "NoTaskFound";
}

/** A state of the world to bring about. */
export interface GoalState {
  readonly name: string;
  readonly state: Uint8Array;
  readonly truth: SceneTruth;
}

/** The world's present state as a goal. */
export function captureGoal(name: string, world: SimWorld): GoalState {
  return { name, state: world.saveState(), truth: readTruth(world) };
}

export interface StateTaskOptions {
  readonly definition: TaskDefinition;
  readonly object: ObjectName | undefined;
  readonly world: SimWorld;
  readonly startDistanceM: number;
  readonly start: Uint8Array;
  /** At least one. */
  readonly goals: readonly GoalState[];
  readonly judge: () => Judge;
}

/** A task between saved states of the world. */
export class StateTask implements Task {
  readonly #options: StateTaskOptions;
  #judge: Judge;

  /** Puts the world to the start. */
  constructor(options: StateTaskOptions) {
    this.#options = options;
    this.#judge = options.judge();
    this.start();
  }

  get name(): string {
    return this.#options.definition.name;
  }

  get object(): ObjectName | undefined {
    return this.#options.object;
  }

  get toleranceM(): number {
    return this.#options.definition.toleranceM;
  }

  get startDistanceM(): number {
    return this.#options.startDistanceM;
  }

  get maxSteps(): number {
    return this.#options.definition.maxSteps;
  }

  get goalTruths(): readonly SceneTruth[] {
    return this.#options.goals.map((goal) => goal.truth);
  }

  goalImages(camera: RayCastCamera): TaskGoal[] {
    const { world, goals } = this.#options;
    const now = world.saveState();
    const images = goals.map(({ name, state }) => {
      world.restoreState(state);
      return { name, image: camera.rgb() };
    });
    world.restoreState(now);
    return images;
  }

  goalImage(camera: RayCastCamera): RgbImage {
    return this.goalImages(camera).at(-1)!.image;
  }

  start(): void {
    this.#options.world.restoreState(this.#options.start);
    this.#judge = this.#options.judge();
  }

  distanceM(): number {
    return this.#judge.distanceM();
  }

  success(): boolean {
    return this.#judge.success();
  }

  partsDone(): Parts | undefined {
    return this.#judge.partsDone?.();
  }
}

/** Judges by a distance alone. @param distanceM from the goal in the world's present state, m. */
export function distanceJudge(distanceM: () => number, toleranceM: number): () => Judge {
  return () => ({ distanceM, success: () => distanceM() <= toleranceM });
}
