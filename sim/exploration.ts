import { distance } from "./distance.js";
import type { Random } from "./random.js";
import { CUBE_SIZE } from "./scene.js";
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
}

/**
 * Draws the behaviour of one episode: wandering between random points with pauses, pushing an object about, or picking it
 * up and carrying it. Noise on the actions is drawn per episode. Random motion alone almost never touches an object.
 */
export function drawExplorer(random: Random): Explorer {
  const kind = random.uniform();
  const object: ObjectName = random.uniform() < 0.6 ? "cube" : "cup";
  // A grasp forgives a few millimetres, a push does not mind.
  const noise = random.uniform() < 0.25 ? 0 : random.uniform(0.002, kind < 0.5 ? 0.014 : 0.005);
  const legs = kind < 0.15 ? wander(random) : kind < 0.5 ? push(random, object) : carry(random, object);
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
    while (leg === undefined || steps >= leg.patience || distance(tool, leg.target) < 0.008) {
      leg = legs(world, tool);
      steps = 0;
    }
    steps++;
    // Correlated noise (Ornstein–Uhlenbeck) explores further than white noise of the same size.
    drift = drift.map((value) => 0.6 * value + random.normal(noise)) as [number, number, number];
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

/** Beside the object, down, then through it in a random direction; again and again. */
function push(random: Random, object: ObjectName): Legs {
  let phase = 0;
  let heading = 0;
  const opening = random.uniform() < 0.75 ? 0 : random.uniform();
  const height = random.uniform(0.022, 0.045);
  const speed = (): number => random.uniform(0.5, 1);
  return (world, tool) => {
    const at = world.objectPosition(object);
    const [x, y] = [at[0] as number, at[1] as number];
    if (phase === 0) {
      // Toward the middle of the table more often than off its edge.
      const inward = Math.atan2(-y, 0.5 - x);
      heading = inward + random.normal(1.3);
    }
    const reach = random.uniform(0.07, 0.11);
    const [bx, by] = [x - reach * Math.cos(heading), y - reach * Math.sin(heading)];
    switch (phase++) {
      case 0:
        return { target: inside([bx, by, Math.max(0.14, Math.min(0.2, tool[2] as number))]), opening, speed: 1, patience: 10 };
      case 1:
        return { target: inside([bx, by, height]), opening, speed: speed(), patience: 5 };
      case 2: {
        const length = random.uniform(0.06, 0.22);
        return { target: inside([x + length * Math.cos(heading), y + length * Math.sin(heading), height]), opening, speed: speed(), patience: 3 + random.below(7) };
      }
      default:
        phase = random.uniform() < 0.3 ? 2 : 0;
        return { target: inside([tool[0] as number, tool[1] as number, phase === 2 ? height : 0.16]), opening, speed: 1, patience: phase === 2 ? 1 : 4 };
    }
  };
}

/** Above the object, down, close, lift and carry, put down, open. */
function carry(random: Random, object: ObjectName): Legs {
  let phase = 0;
  const miss = random.uniform() < 0.3 ? 0.02 : 0.004;
  return (world, tool) => {
    const at = world.objectPosition(object);
    const [x, y] = [(at[0] as number) + random.normal(miss), (at[1] as number) + random.normal(miss)];
    const low = object === "cube" ? CUBE_SIZE / 2 : 0.05;
    const here: Point = [tool[0] as number, tool[1] as number, tool[2] as number];
    const there = anywhere(random);
    switch (phase++) {
      case 0:
        return { target: inside([x, y, 0.14]), opening: 1, speed: 1, patience: 10 };
      case 1:
        return { target: inside([x, y, low]), opening: 1, speed: 0.8, patience: 6 };
      case 2:
        return { target: here, opening: 0, speed: 0.2, patience: 2 };
      case 3:
        return { target: inside([here[0], here[1], random.uniform(0.08, 0.25)]), opening: 0, speed: 0.9, patience: 6 };
      case 4:
        return { target: there, opening: 0, speed: 0.9, patience: 4 + random.below(6) };
      case 5:
        return { target: inside([there[0], there[1], random.uniform(low, 0.15)]), opening: 0, speed: 0.9, patience: 5 };
      case 6:
        return { target: here, opening: 1, speed: 0.2, patience: 2 };
      default:
        phase = 0;
        return { target: inside([here[0], here[1], 0.2]), opening: 1, speed: 1, patience: 4 };
    }
  };
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
