import assert from "node:assert/strict";
import type { SimWorld } from "../../sim/world.js";

/** What a person would see of the world: joints, tool and objects. */
export function seen(world: SimWorld): number[] {
  const { positions, velocities } = world.jointState();
  return [...positions, ...velocities, ...world.objectPosition("cube"), ...world.objectPosition("cup")];
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}

/** Asserts that something is refused with one line that matches. */
export function assertOneLineError(refused: () => unknown, line: RegExp): void {
  assert.throws(refused, (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.doesNotMatch(error.message, /\n/);
    assert.match(error.message, line);
    return true;
  });
}
