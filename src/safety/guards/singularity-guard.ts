import { ALLOWED, RETREAT_SCALE, assessInput } from "./assess-input.js";
import { ConditionNumber } from "./condition-number.js";
import type { Guard, Motion, Verdict } from "./guard.js";
import { requireBelow, requireWithin } from "./threshold.js";
import type { ToolKinematics } from "./tool-kinematics.js";

export interface SingularityOptions {
  /** Condition number from which on motion toward the singularity is slowed. Default 17, as in MoveIt Servo. */
  readonly slowDownCondition?: number;
  /** Condition number at which it halts. Default 30, as in MoveIt Servo. */
  readonly haltCondition?: number;
  /**
   * What a metre is worth in radians, m: the Jacobian's linear rows are divided by it, so that its rows have one unit. Default
   * 0.5, about the length over which a table-top arm turns; an arm twice as long wants twice that.
   */
  readonly characteristicLengthM?: number;
}

/** Less change than this (share) is rounding: a wrist that turns about its own axis does not come nearer to a singularity. */
const SAME = 1e-9;

/**
 * Slows motion toward a singularity by the condition number of the tool's Jacobian, linearly between two thresholds as MoveIt
 * Servo does. Motion away is allowed; from beyond the upper threshold slowly.
 */
export class SingularityGuard implements Guard {
  readonly name = "singularity";
  readonly #robot: ToolKinematics;
  readonly #slowDown: number;
  readonly #halt: number;
  readonly #lengthM: number;
  readonly #columns: readonly number[];
  readonly #scaled: Float64Array;
  readonly #condition: ConditionNumber;

  /** @throws RangeError when a threshold cannot be used, naming it. */
  constructor(robot: ToolKinematics, options: SingularityOptions = {}) {
    const { slowDownCondition = 17, haltCondition = 30, characteristicLengthM = 0.5 } = options;
    requireWithin("slowDownCondition", slowDownCondition, 1, 1e6);
    requireWithin("haltCondition", haltCondition, 1, 1e6);
    requireBelow("slowDownCondition", slowDownCondition, "haltCondition", haltCondition);
    requireWithin("characteristicLengthM", characteristicLengthM, 0.01, 100);
    this.#robot = robot;
    this.#slowDown = slowDownCondition;
    this.#halt = haltCondition;
    this.#lengthM = characteristicLengthM;
    this.#columns = robot.movesTool.flatMap((moves, j) => moves ? [j] : []);
    this.#scaled = new Float64Array(6 * this.#columns.length);
    this.#condition = new ConditionNumber(6, this.#columns.length);
  }

  assess(motion: Motion): Verdict {
    const early = assessInput(this.name, motion, this.#robot.jointNames.length);
    if (early !== undefined) return early;
    const now = this.conditionAt(motion.positions);
    const rest = this.conditionAt(motion.rest);
    if (now <= this.#slowDown && rest <= this.#slowDown) return ALLOWED;
    if (Number.isNaN(now) || Number.isNaN(rest)) return this.#verdict(0, rest);
    if (rest > now * (1 + SAME)) return this.#verdict(this.#ramp(rest, 0), rest);
    const scale = this.#ramp(now, RETREAT_SCALE);
    return scale < 1 ? this.#verdict(scale, now) : ALLOWED;
  }

  /** The condition number that is judged, at joint positions `q`. */
  conditionAt(q: ArrayLike<number>): number {
    const jacobian = this.#robot.toolJacobian(q);
    const n = this.#robot.jointNames.length;
    const columns = this.#columns.length;
    for (let row = 0; row < 6; row++) {
      for (let i = 0; i < columns; i++) {
        const entry = jacobian[row * n + this.#columns[i]!]!;
        this.#scaled[row * columns + i] = row < 3 ? entry / this.#lengthM : entry;
      }
    }
    return this.#condition.of(this.#scaled);
  }

  /** From 1 at the lower threshold to `least` at the upper one. */
  #ramp(condition: number, least: number): number {
    const share = Math.min(1, Math.max(0, (condition - this.#slowDown) / (this.#halt - this.#slowDown)));
    return 1 - (1 - least) * share;
  }

  #verdict(scale: number, condition: number): Verdict {
    return {
      scale, reason: "singularity",
      sentence: `${scale > 0 ? "Slowed" : "Holding"}: the arm is near a singularity, condition number ${condition.toFixed(1)} (slower from ${this.#slowDown}, halt at ${this.#halt}).`,
    };
  }
}
