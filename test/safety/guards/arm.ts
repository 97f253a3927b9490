import fc from "fast-check";
import { demoUrdf } from "../../../sim/world.js";
import { CollisionModel } from "../../../src/robot/collision-model.js";
import { solveToolPose } from "../../../src/robot/differential-ik.js";
import { FR3_JOINTS, FR3_READY, TOOL_DOWN, fr3Model } from "../../../src/robot/fr3.js";
import type { Guard, Motion, Verdict } from "../../../src/safety/guards/guard.js";
import type { KeepOutEntry } from "../../../src/safety/guards/keep-out-file.js";
import { uniform } from "../../uniform.js";

const URDF = demoUrdf();

/** The demo arm. */
export const arm = await fr3Model(URDF);

export function collisionOf(entries: readonly KeepOutEntry[] = []): Promise<CollisionModel> {
  return CollisionModel.fromUrdf(URDF, { baseLink: "fr3_link0", jointNames: FR3_JOINTS, obstacles: entries });
}

/** Joint positions anywhere inside the limits. */
export const anywhere = fc.array(uniform(0, 1), { minLength: 8, maxLength: 8 })
  .map((shares) => arm.limits.map(({ lower, upper }, j) => lower + shares[j]! * (upper - lower)));

/** The arm with its tool at a place (m), pointing down. */
export function armAt(place: readonly number[]): Float64Array {
  return solveToolPose(arm, FR3_READY, place, TOOL_DOWN, { iterations: 60, posture: FR3_READY });
}

/** A motion from `from` that comes to rest at `rest`, at the speed that would get there in `seconds`. */
export function motion(from: ArrayLike<number>, rest: ArrayLike<number>, seconds = 0.1): Motion {
  return { positions: from, rest, velocities: Array.from(from, (position, j) => (rest[j]! - position) / seconds) };
}

/** A motion of the tool along a vector, m. */
export function toolMotion(from: ArrayLike<number>, delta: readonly number[], seconds = 0.1): Motion {
  const { position, rotation } = arm.toolPose(from);
  const rest = solveToolPose(arm, from, delta.map((step, axis) => position[axis]! + step), rotation, { iterations: 30 });
  return motion(from, rest, seconds);
}

/** Fails unless a verdict is one: a share, with reason and sentence whenever it is below 1. */
export function check(verdict: Verdict): void {
  if (!(verdict.scale >= 0 && verdict.scale <= 1)) throw new Error(`scale ${verdict.scale}`);
  if (verdict.scale === 1) return;
  if (verdict.reason === undefined || verdict.sentence === undefined) throw new Error(`scale ${verdict.scale} without reason or sentence`);
  if (!/^(Holding|Slowed): [^\n]+\.$/.test(verdict.sentence)) throw new Error(`sentence: ${verdict.sentence}`);
  if (verdict.sentence.startsWith("Holding") !== (verdict.scale === 0)) throw new Error(`scale ${verdict.scale} and sentence: ${verdict.sentence}`);
}

/** Asks and checks. */
export function ask(guard: Guard, asked: Motion): Verdict {
  const verdict = guard.assess(asked);
  check(verdict);
  return verdict;
}
