import { distance } from "./distance.js";
import type { Random } from "./random.js";
import { TRAY } from "./scene.js";
import { IN_HAND_M } from "./tasks/truth.js";
import type { SimWorld, ThingName } from "./world.js";
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

/** Legs of one thing that is done; the world is as it is when the next leg is asked for. */
type Chapter = Generator<Leg, void>;

/** Legs of chapter after chapter. */
type Endless = Generator<Leg, never>;

/** Of what was pushed or played with, so much is taken into the hand next. */
const TAKEN_AFTERWARDS = 0.7;

/** Up to these of a uniform draw a chapter wanders, carries, pushes; beyond, it plays. A scene with a tray is for carrying. */
const CHAPTERS = { table: [0.08, 0.5, 0.9], clearing: [0.06, 0.8, 0.95] } as const;
/** So often it is the turn of the thing that nothing was done with for the longest time: where it lies is then known, too, of the pictures before. */
const IN_TURN = 0.75;
/** So often a hand that closed on nothing is not carried about. */
const EMPTY_LEFT = 0.75;
/** Of what is carried where there is a tray, so much goes there. */
const INTO_TRAY = 0.5;
/** From the tray's rim to where things are put down in it, and between what is put down and what lies there, m. */
const TRAY_MARGIN_M = 0.035;
const CLEAR_OF_OTHERS_M = 0.1;
/** Height of the tool when it closes round a thing, m. */
const GRIP_HEIGHT_M: Readonly<Record<ThingName, number>> = { cube: 0.025, cup: 0.05, puck: 0.022 };

/**
 * Draws the behaviour of one episode: one chapter after the other of picking an object up, carrying it and putting it down, pushing it about, playing
 * close round it, or wandering between random points. What was pushed is mostly taken afterwards, so that the hand has felt where it came to lie; and while
 * the hand is busy with one object, the others lie where they were felt before or will be. Noise on the actions is drawn per episode. Random motion alone almost
 * never touches an object.
 */
export function drawExplorer(random: Random): Explorer {
  const noise = random.uniform() < 0.25 ? 0 : random.uniform(0.002, 0.014);
  return follow(random, (world) => episode(random, world), noise);
}

/** Pushes one object about, without noise. */
export function pushExplorer(random: Random, object: ThingName): Explorer {
  return follow(random, function* (world): Endless { for (;;) yield* push(random, world, object); }, 0);
}

/** Goes from leg to leg; noise in m, per step and axis. */
function follow(random: Random, begin: (world: SimWorld) => Endless, noise: number): Explorer {
  let legs: Endless | undefined;
  let leg: Leg | undefined;
  let steps = 0;
  let drift: [number, number, number] = [0, 0, 0];
  return (world) => {
    legs ??= begin(world);
    const tool = world.toolPosition();
    while (leg === undefined || steps >= leg.patience || (leg.wait !== true && distance(tool, leg.target) < 0.008)) {
      leg = legs.next().value;
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

function* episode(random: Random, world: SimWorld): Endless {
  // From the one that was taken up longest ago to the newest.
  let turns = [...world.things].map((thing) => ({ thing, drawn: random.uniform() })).sort((a, b) => a.drawn - b.drawn).map(({ thing }) => thing);
  for (;;) {
    const object = turns[random.uniform() < IN_TURN ? 0 : random.below(turns.length)]!;
    turns = [...turns.filter((thing) => thing !== object), object];
    yield* chapter(random, world, object);
  }
}

function* chapter(random: Random, world: SimWorld, object: ThingName): Chapter {
  const [wanders, carries, pushes] = CHAPTERS[world.scene];
  const kind = random.uniform();
  if (kind < wanders) yield* wander(random, world);
  else if (kind < carries) yield* carry(random, world, object);
  else {
    yield* kind < pushes ? push(random, world, object) : play(random, world, object);
    if (random.uniform() < TAKEN_AFTERWARDS) yield* carry(random, world, object);
  }
}

function* wander(random: Random, world: SimWorld): Chapter {
  const restless = random.uniform() < 0.5;
  for (let legs = 2 + random.below(4); legs > 0; legs--) {
    const [x, y, z] = toolOf(world);
    yield !restless && random.uniform() < 0.25
      ? { target: [x, y, z + 0.02], opening: random.below(2), speed: random.uniform(0, 0.3), patience: 2 }
      : { target: anywhere(random), opening: random.uniform() < 0.5 ? random.below(2) : random.uniform(), speed: random.uniform(0.25, 1), patience: 1 + random.below(14) };
  }
}

/** Random places close round the object, with the gripper opened and closed now and then. */
function* play(random: Random, world: SimWorld, object: ThingName): Chapter {
  let opening = random.below(2);
  for (let legs = 5 + random.below(6); legs > 0; legs--) {
    if (random.uniform() < 0.35) opening = 1 - opening;
    if (random.uniform() < 0.25) {
      yield { target: toolOf(world), opening, speed: 0.2, patience: 1 + random.below(2), wait: true };
      continue;
    }
    const [x, y] = placeOf(world, object);
    yield { target: inside([x + random.normal(0.05), y + random.normal(0.05), random.uniform(0.02, 0.12)]), opening, speed: random.uniform(0.3, 1), patience: 1 + random.below(5) };
  }
}

/** Beside the object, down, then through it in a random direction, perhaps once more; back off, and up. */
function* push(random: Random, world: SimWorld, object: ThingName): Chapter {
  const opening = random.uniform() < 0.6 ? 0 : random.uniform() < 0.7 ? 1 : random.uniform();
  const height = random.uniform(0.022, 0.05);
  const speed = (): number => random.uniform(0.4, 1);
  const [x, y] = placeOf(world, object);
  // Toward the middle of the table more often than off its edge.
  const heading = Math.atan2(-y, 0.5 - x) + random.normal(1.4);
  const [ux, uy] = [Math.cos(heading), Math.sin(heading)];
  const behind = random.uniform(0.06, 0.11);
  yield { target: inside([x - behind * ux, y - behind * uy, Math.max(0.1, Math.min(0.2, toolOf(world)[2]))]), opening, speed: 1, patience: 10 };
  yield { target: inside([x - behind * ux, y - behind * uy, height]), opening, speed: speed(), patience: 5 };
  for (;;) {
    const [px, py] = placeOf(world, object);
    const length = random.uniform(0.04, 0.2);
    yield { target: inside([px + length * ux, py + length * uy, height]), opening, speed: speed(), patience: 3 + random.below(7) };
    // Back off before rising, so that the object is not dragged along.
    const again = random.uniform() < 0.3;
    const [tx, ty] = toolOf(world);
    yield { target: inside([tx - 0.05 * ux, ty - 0.05 * uy, again ? height : 0.14]), opening, speed: 1, patience: again ? 2 : 4 };
    if (!again) return;
  }
}

/** Above the object, down, close, lift and carry, put down or drop, open, and up; mostly without the carrying when the hand has nothing. */
function* carry(random: Random, world: SimWorld, object: ThingName): Chapter {
  const miss = random.uniform() < 0.25 ? 0.02 : 0.004;
  const low = GRIP_HEIGHT_M[object] + (random.uniform() < 0.5 ? 0 : random.uniform(0, 0.02));
  const speed = random.uniform(0.5, 1);
  const pause = (opening: number): Leg => ({ target: toolOf(world), opening, speed: 0.2, patience: 1 + random.below(3), wait: true, noise: 0.3 });
  const here = (height: number): Point => {
    const [x, y] = toolOf(world);
    return inside([x, y, height]);
  };
  const [x, y] = placeOf(world, object);
  const above = [x + random.normal(miss), y + random.normal(miss)] as const;
  yield { target: inside([...above, random.uniform(0.09, 0.16)]), opening: 1, speed: 1, patience: 10, noise: 0.4 };
  yield { target: inside([...above, low]), opening: 1, speed, patience: 6, noise: 0.2 };
  yield pause(0);
  yield { target: here(random.uniform(0.06, 0.25)), opening: 0, speed, patience: 6 };
  if (distance(world.toolPosition(), world.objectPosition(object)) > IN_HAND_M && random.uniform() < EMPTY_LEFT) {
    yield { target: here(random.uniform(0.08, 0.2)), opening: 1, speed: 1, patience: 3 };
    return;
  }
  const [awayX, awayY] = destination(random, world, object);
  yield random.uniform() < 0.2 ? pause(0) : { target: [awayX, awayY, random.uniform(0.06, 0.25)], opening: 0, speed, patience: 4 + random.below(6) };
  // Much of what falls tips over; a cup that rolls off the table teaches nothing more.
  yield { target: here(random.uniform() < 0.75 ? low + 0.004 : random.uniform(low, 0.15)), opening: 0, speed, patience: 5, noise: 0.4 };
  yield pause(1);
  yield { target: here(random.uniform(0.08, 0.2)), opening: 1, speed: 1, patience: 4 };
}

/** Where a thing is carried: anywhere, or into the tray where there is one, and there mostly clear of what lies in it. */
function destination(random: Random, world: SimWorld, object: ThingName): readonly [number, number] {
  if (world.scene !== "clearing" || random.uniform() >= INTO_TRAY) {
    const [x, y] = anywhere(random);
    return [x, y];
  }
  const others = world.things.filter((thing) => thing !== object).map((thing) => placeOf(world, thing));
  const draw = (): readonly [number, number] =>
    [random.uniform(TRAY.low[0] + TRAY_MARGIN_M, TRAY.high[0] - TRAY_MARGIN_M), random.uniform(TRAY.low[1] + TRAY_MARGIN_M, TRAY.high[1] - TRAY_MARGIN_M)];
  let place = draw();
  for (let tries = 0; tries < 8 && others.some(([x, y]) => Math.hypot(x - place[0], y - place[1]) < CLEAR_OF_OTHERS_M); tries++) place = draw();
  return place;
}

function toolOf(world: SimWorld): Point {
  return asPoint(world.toolPosition());
}

function placeOf(world: SimWorld, object: ThingName): Point {
  return asPoint(world.objectPosition(object));
}

function asPoint(at: Float64Array): Point {
  return [at[0] as number, at[1] as number, at[2] as number];
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
