import { distance } from "./distance.js";
import type { Random } from "./random.js";
import type { ObjectName, SimWorld } from "./world.js";
import { FR3_WORKSPACE } from "../src/robot/fr3.js";

/** Chooses the next action [dx, dy, dz (m), gripper (0..1)] from what the simulator knows; no reward, no task. */
export type Explorer = (world: SimWorld) => Float32Array;

/** Largest end-effector step of one action along each axis, m. */
export const MAX_STEP_M = 0.04;

type Point = readonly [number, number, number];

/** One stretch of an episode: go towards a point until there (or out of patience), then the next. */
interface Leg {
  readonly target: Point;
  readonly opening: number;
  /** Share of the largest step, 0..1. */
  readonly speed: number;
  readonly patience: number;
  /** Stays for its patience although it is there: a gripper takes its time. */
  readonly wait?: boolean;
  /** Share of the episode's noise; default all of it. */
  readonly noise?: number;
}

/**
 * Draws the behaviour of one episode: wandering between random points with pauses, pushing an object about, picking it up,
 * carrying it and putting it down, or playing close round it. Noise on the actions is drawn per episode. Random motion alone almost
 * never touches an object.
 */
export function drawExplorer(random: Random): Explorer {
  const noise = random.uniform() < 0.25 ? 0 : random.uniform(0.002, 0.014);
  const kind = random.uniform();
  const object: ObjectName = random.uniform() < 0.5 ? "cube" : "cup";
  const legs = kind < 0.08 ? wander(random) : kind < 0.44 ? push(random, object) : kind < 0.9 ? carry(random, object) : play(random, object);
  return follow(random, legs, noise);
}

/** Pushes one object about, without noise. */
export function pushExplorer(random: Random, object: ObjectName): Explorer {
  return follow(random, push(random, object), 0);
}

/** Goes from leg to leg; noise in m, per step and axis. */
function follow(random: Random, legs: Legs, noise: number): Explorer {
  let leg: Leg | undefined;
  let steps = 0;
  let drift: [number, number, number] = [0, 0, 0];
  return (world) => {
    const tool = world.toolPosition();
    while (leg === undefined || steps >= leg.patience || (leg.wait !== true && distance(tool, leg.target) < 0.008)) {
      leg = legs(world, tool);
      steps = 0;
    }
    steps++;
    // Correlated noise (Ornstein–Uhlenbeck) explores further than white noise of the same size.
    const deviation = noise * (leg.noise ?? 1);
    drift = drift.map((value) => 0.6 * value + random.normal(deviation)) as [number, number, number];
    const action = new Float32Array(4);
    const limit = MAX_STEP_M * leg.speed;
    const longest = Math.max(limit, ...[0, 1, 2].map((axis) => Math.abs((leg as Leg).target[axis as 0] - (tool[axis] as number))));
    for (let axis = 0; axis < 3; axis++) {
      const wanted = ((leg.target[axis as 0] - (tool[axis] as number)) * limit) / longest;
      action[axis] = clamp(wanted + (drift[axis as 0]), -MAX_STEP_M, MAX_STEP_M);
    }
    action[3] = leg.opening;
    return action;
  };
}

type Legs = (world: SimWorld, tool: Float64Array) => Leg;

function wander(random: Random): Legs {
  const restless = random.uniform() < 0.5;
  return (_world, tool) => {
    if (!restless && random.uniform() < 0.25) return { target: [tool[0] as number, tool[1] as number, tool[2] as number + 0.02], opening: random.below(2), speed: random.uniform(0, 0.3), patience: 2 };
    return { target: anywhere(random), opening: random.uniform() < 0.5 ? random.below(2) : random.uniform(), speed: random.uniform(0.25, 1), patience: 1 + random.below(14) };
  };
}

/** Random places close round the object, with the gripper opened and closed now and then. */
function play(random: Random, object: ObjectName): Legs {
  let opening = random.below(2);
  return (world, tool) => {
    const at = world.objectPosition(object);
    if (random.uniform() < 0.35) opening = 1 - opening;
    if (random.uniform() < 0.25) return { target: pointOf(tool), opening, speed: 0.2, patience: 1 + random.below(2), wait: true };
    const near: Point = [(at[0] as number) + random.normal(0.05), (at[1] as number) + random.normal(0.05), random.uniform(0.02, 0.12)];
    return { target: inside(near), opening, speed: random.uniform(0.3, 1), patience: 1 + random.below(5) };
  };
}

/** Beside the object, down, then through it in a random direction; again and again. */
function push(random: Random, object: ObjectName): Legs {
  let phase = 0;
  let heading = 0;
  const opening = random.uniform() < 0.6 ? 0 : random.uniform() < 0.7 ? 1 : random.uniform();
  const height = random.uniform(0.022, 0.05);
  const speed = (): number => random.uniform(0.4, 1);
  return (world, tool) => {
    const at = world.objectPosition(object);
    const [x, y] = [at[0] as number, at[1] as number];
    if (phase === 0) {
      // Toward the middle of the table more often than off its edge.
      const inward = Math.atan2(-y, 0.5 - x);
      heading = inward + random.normal(1.4);
    }
    const reach = random.uniform(0.06, 0.11);
    const [bx, by] = [x - reach * Math.cos(heading), y - reach * Math.sin(heading)];
    switch (phase++) {
      case 0:
        return { target: inside([bx, by, Math.max(0.1, Math.min(0.2, tool[2] as number))]), opening, speed: 1, patience: 10 };
      case 1:
        return { target: inside([bx, by, height]), opening, speed: speed(), patience: 5 };
      case 2: {
        const length = random.uniform(0.04, 0.2);
        return { target: inside([x + length * Math.cos(heading), y + length * Math.sin(heading), height]), opening, speed: speed(), patience: 3 + random.below(7) };
      }
      default: {
        // Back off before rising, so that the object is not dragged along.
        const again = random.uniform() < 0.3;
        phase = again ? 2 : 0;
        const back: Point = [(tool[0] as number) - 0.05 * Math.cos(heading), (tool[1] as number) - 0.05 * Math.sin(heading), again ? height : 0.14];
        return { target: inside(back), opening, speed: 1, patience: again ? 2 : 4 };
      }
    }
  };
}

/** Above the object, down, close, lift and carry, put down or drop, open. */
function carry(random: Random, object: ObjectName): Legs {
  let phase = 0;
  let above: readonly [number, number] = [0, 0];
  let there = anywhere(random);
  const miss = random.uniform() < 0.25 ? 0.02 : 0.004;
  const grip = object === "cube" ? 0.025 : 0.05;
  return (world, tool) => {
    const at = world.objectPosition(object);
    if (phase === 0) {
      above = [(at[0] as number) + random.normal(miss), (at[1] as number) + random.normal(miss)];
      there = anywhere(random);
    }
    const here = pointOf(tool);
    const low = grip + (random.uniform() < 0.5 ? 0 : random.uniform(0, 0.02));
    const pause = (opening: number): Leg => ({ target: here, opening, speed: 0.2, patience: 1 + random.below(3), wait: true, noise: 0.3 });
    const speed = random.uniform(0.5, 1);
    switch (phase++) {
      case 0:
        return { target: inside([...above, random.uniform(0.09, 0.16)]), opening: 1, speed: 1, patience: 10 };
      case 1:
        return { target: inside([...above, low]), opening: 1, speed, patience: 6, noise: 0.4 };
      case 2:
        return pause(0);
      case 3:
        return { target: inside([here[0], here[1], random.uniform(0.06, 0.25)]), opening: 0, speed, patience: 6 };
      case 4:
        if (random.uniform() < 0.2) return pause(0);
        return { target: [there[0], there[1], random.uniform(0.06, 0.25)], opening: 0, speed, patience: 4 + random.below(6) };
      case 5:
        return { target: inside([here[0], here[1], random.uniform() < 0.6 ? low + 0.004 : random.uniform(low, 0.15)]), opening: 0, speed, patience: 5 };
      case 6:
        return pause(1);
      default:
        phase = 0;
        return { target: inside([here[0], here[1], random.uniform(0.08, 0.2)]), opening: 1, speed: 1, patience: 4 };
    }
  };
}

function pointOf(tool: Float64Array): Point {
  return [tool[0] as number, tool[1] as number, tool[2] as number];
}

function anywhere(random: Random): Point {
  const { low, high } = FR3_WORKSPACE;
  return [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(low[2], high[2])];
}

function inside(point: Point): Point {
  const { low, high } = FR3_WORKSPACE;
  return [clamp(point[0], low[0], high[0]), clamp(point[1], low[1], high[1]), clamp(point[2], low[2], high[2])];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
