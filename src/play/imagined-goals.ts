import type { Random } from "../../sim/random.js";
import { SCENE_NAMES, type SceneName } from "../../sim/scene.js";
import { THINGS_OF } from "../../sim/world.js";
import type { Manifest } from "../world-model/index.js";
import type { Workspace } from "../robot/types.js";

/** What the entries of a latent mean, in m; the manifest's `latent.readable`. */
type Readable = NonNullable<Manifest["latent"]["readable"]>;

const ARM = 4;
const PLACE = 3;
/** How far a thing is imagined from where it is, m. */
const MOVED_M = [0.04, 0.18] as const;
/** Where the hand is imagined: so far behind a thing that was pushed, m. */
const BEHIND_M = 0.06;
/** Of imagined scenes so many have the thing in the hand; where there is a tray, carrying is what there is to do. */
const HELD_SHARE: Readonly<Record<SceneName, number>> = { table: 0.3, clearing: 0.7 };
/** Of those so many are lifted where they lie: whether the fingers close round it or beside it is what has to be learned from. */
const LIFTED_SHARE = 0.6;
/** The hand is over a thing nearer than this, along the table; from elsewhere it comes to be, open and so high above the workspace's floor, before anything is lifted. m. */
const OVER_M = 0.05;
const OVER_HEIGHT_M = [0.04, 0.09] as const;
/** So often the thing that the hand is over comes next. */
const ONE_THING_SHARE = 0.8;
/** How high above the workspace's floor a thing is held, m. */
const HELD_HEIGHT_M = [0.05, 0.15] as const;
const FULL_OPENING_M = 0.08;

/** The scene with as many things as a bundle's latent has; undefined where there is none. */
export function sceneOf({ latent }: Pick<Manifest, "latent">): SceneName | undefined {
  const things = ((latent.readable?.names.length ?? 0) - ARM) / PLACE;
  return SCENE_NAMES.find((scene) => THINGS_OF[scene].length === things);
}

/** Why a bundle cannot imagine goals; undefined when it can. */
export function whyNothingIsImagined({ name, latent }: Pick<Manifest, "name" | "latent">): string | undefined {
  const names = latent.readable?.names ?? [];
  if (names.slice(0, ARM).join() === "tool_x,tool_y,tool_z,opening" && names.length > ARM && (names.length - ARM) % PLACE === 0) return undefined;
  return `bundle ${name} does not say that its latent is places of the tool and of things (latent.readable): it cannot imagine a scene`;
}

/**
 * Imagines a scene that is a little different from the one that is seen: one thing lies elsewhere on the table, with the hand behind it, or is in the hand, or the open hand is over it. A latent
 * [latentDim] to play towards; no task and no picture of one is needed.
 *
 * @param latent of the present picture.
 */
export function imagineGoal(random: Random, { mean, std }: Readable, latent: Float32Array, { low, high }: Workspace, scene: SceneName): Float32Array {
  const values = Array.from(latent, (value, i) => mean[i]! + std[i]! * value);
  const things = Array.from({ length: (values.length - ARM) / PLACE }, (_, thing) => ARM + PLACE * thing);
  const isUnder = (entry: number): boolean => Math.hypot(values[entry]! - values[0]!, values[entry + 1]! - values[1]!) < OVER_M;
  const under = things.find(isUnder);
  const first = under !== undefined && random.uniform() < ONE_THING_SHARE ? under : things[random.below(things.length)]!;
  const from = values.slice(first, first + PLACE);
  const heading = random.uniform(-Math.PI, Math.PI);
  const held = random.uniform() < HELD_SHARE[scene];
  const lifted = held && random.uniform() < LIFTED_SHARE;
  const standardised = (): Float32Array => Float32Array.from(values, (value, i) => (value - mean[i]!) / std[i]!);
  if (lifted && !isUnder(first)) {
    values.splice(0, ARM, from[0]!, from[1]!, low[2] + random.uniform(...OVER_HEIGHT_M), FULL_OPENING_M);
    return standardised();
  }
  const awayM = lifted ? 0 : random.uniform(...MOVED_M);
  const inside = (value: number, axis: 0 | 1): number => Math.min(high[axis], Math.max(low[axis], value));
  const to = [inside(from[0]! + awayM * Math.cos(heading), 0), inside(from[1]! + awayM * Math.sin(heading), 1), from[2]!];
  if (held) {
    to[2] = low[2] + random.uniform(...HELD_HEIGHT_M);
    values.splice(0, ARM, ...to, random.uniform(0.4, 0.85) * FULL_OPENING_M);
  } else {
    const behind = [inside(to[0]! - BEHIND_M * Math.cos(heading), 0), inside(to[1]! - BEHIND_M * Math.sin(heading), 1), Math.max(low[2], from[2]!)];
    values.splice(0, ARM, ...behind, random.uniform() < 0.5 ? 0 : FULL_OPENING_M);
  }
  values.splice(first, PLACE, ...to);
  return standardised();
}
