import type { JointLimits } from "../robot/types.js";
import { brakingProfile } from "./braking.js";
import { largestScale } from "./largest-scale.js";
import { limitViolation } from "./limit-violation.js";
import type { PositionBounds } from "./limits.js";
import { type Knot, type Profile, lastKnot, remainingProfile, sampleProfile } from "./profile.js";

/** Rounding allowed in the feasibility check (rad, m, or share of a limit). */
const TOLERANCE = 1e-9;

/** How the way-point of a group is passed. */
export type Arrival = "in_motion" | "at_rest";

/** A profile and the scale that made it fit. */
export interface ScaledProfile {
  readonly profile: Profile;
  /** Share of the wanted step that is taken; 0 when the group only brakes. */
  readonly scale: number;
}

/**
 * Joints that share one scale, so that their direction is kept, and one braking tail.
 *
 * `in_motion` joints pass the way-point with the mean velocity of the step, target minus start over period: a row of equal
 * steps then is a movement at constant velocity. `at_rest` joints stop there: their target is a place, not a flow.
 */
export class JointGroup {
  /** Indices of the group's joints among all joints. */
  readonly indices: readonly number[];
  readonly #limits: readonly JointLimits[];
  readonly #bounds: readonly PositionBounds[];
  readonly #arrival: Arrival;

  constructor(indices: readonly number[], limits: readonly JointLimits[], bounds: readonly PositionBounds[], arrival: Arrival) {
    this.indices = indices;
    this.#limits = limits;
    this.#bounds = bounds;
    this.#arrival = arrival;
  }

  /**
   * A step toward `targets` with its own stop, from `handoverS` on the profile `current`, of at most the share `most`; undefined when no
   * such step keeps the limits.
   */
  step(current: Profile, handoverS: number, targets: Float64Array, periodS: number, most: number): ScaledProfile | undefined {
    const start: Knot = { ...sampleProfile(current, handoverS), timeS: 0 };
    const bounds = this.#boundsAround(start, current);
    const wanted = targets.map((target, j) => target - start.positions[j]!);

    // No joint can cover more than maxVelocity * period: a tight upper end keeps the search exact for absurd targets.
    let highest = most;
    for (let j = 0; j < wanted.length; j++) {
      const distance = Math.abs(wanted[j]!);
      if (distance > 0) highest = Math.min(highest, (this.#limits[j]!.maxVelocity * periodS) / distance);
    }
    const build = (scale: number): Profile => this.#stepProfile(start, wanted, scale, periodS);
    const scale = largestScale((s) => limitViolation(build(s), this.#limits, bounds), highest, TOLERANCE);
    return scale === undefined ? undefined : { profile: build(scale), scale };
  }

  /** Brakes from `handoverS` on `current`; where braking at once would break a limit, goes on along `current` to its stop. */
  brake(current: Profile, handoverS: number): Profile {
    const start: Knot = { ...sampleProfile(current, handoverS), timeS: 0 };
    const braking = brakingProfile(start, this.#limits);
    const fits = limitViolation(braking, this.#limits, this.#boundsAround(start, current)) <= TOLERANCE;
    return fits ? braking : this.goOn(current, handoverS);
  }

  /** What is left of `current`: it kept the limits when it was made, and ends in a stop. */
  goOn(current: Profile, handoverS: number): Profile {
    return remainingProfile(current, handoverS);
  }

  #stepProfile(start: Knot, wanted: Float64Array, scale: number, periodS: number): Profile {
    const positions = start.positions.map((position, j) => position + scale * wanted[j]!);
    const velocities = this.#arrival === "in_motion"
      ? wanted.map((distance) => (scale * distance) / periodS)
      : new Float64Array(wanted.length);
    const waypoint: Knot = { timeS: periodS, positions, velocities, accelerations: new Float64Array(wanted.length) };
    return [start, ...brakingProfile(waypoint, this.#limits)];
  }

  /**
   * The position bounds, widened to where the joints are and will be anyway. Joints that start outside (pushed there by hand,
   * or inside the margin) may so move inward but not farther out.
   */
  #boundsAround(start: Knot, current: Profile): PositionBounds[] {
    const end = lastKnot(current);
    return this.#bounds.map((bounds, j) => {
      let { lower, upper } = bounds;
      for (const position of [start.positions[j]!, end.positions[j]!]) {
        lower = Math.min(lower, position);
        upper = Math.max(upper, position);
      }
      return { lower, upper };
    });
  }
}
