import type { JointLimits, JointState, JointTrajectory } from "../robot/types.js";
import type { Command } from "./command.js";
import { JointGroup } from "./joint-group.js";
import { boundsWithMargin } from "./limits.js";
import { type MeasuredTolerance, findMeasuredFault } from "./measured-state-check.js";
import { type Profile, knotTimes, lastKnot, sampleProfile } from "./profile.js";
import type { HoldReason, Setpoint } from "./types.js";

export type { Command, HoldCommand, MoveCommand } from "./command.js";

/** Everything has a default. */
export interface CommandPipelineOptions {
  /**
   * Prismatic gripper joints. They have a scale of their own, so that a gripper at its limit does not slow the arm, stop at
   * each way-point, may use their whole range and are exempt from the tracking check: a gripper that presses on an object
   * never reaches its setpoint. Default: the joints with "finger" or "gripper" in their name.
   */
  readonly gripperJoints?: readonly string[];
  /** Distance (rad, or m for a rail) the arm's joints keep from their limits. Default 0.1. */
  readonly armMargin?: number;
  /** The same for gripper joints (m). Default 0. */
  readonly gripperMargin?: number;
  /** Largest distance (rad) between an arm joint and its setpoint. Default 0.2. */
  readonly trackingTolerance?: number;
  /** How far outside its limits an arm joint may be measured (rad). Default 0.01. */
  readonly armOutsideTolerance?: number;
  /** The same for gripper joints (m). Default 0.005. */
  readonly gripperOutsideTolerance?: number;
}

/** Share of velocity and acceleration that is kept back, because way-point times are rounded to nanoseconds. */
const HEADROOM = 1e-5;

/** Length of the one-point trajectory that holds joints already at rest (s). */
const STANDSTILL_S = 0.05;

/**
 * Turns joint targets into trajectories that keep the limits and end in a stop.
 *
 * A trajectory has a way-point after one period and then a braking tail, for receivers that draw cubic Hermite curves between
 * points as ros2_control does. If nothing follows, the robot stops by itself; the next command starts at the way-point, before
 * the tail. So wherever a command starts, a movement that keeps all limits and ends in a stop already exists, and is what the
 * pipeline falls back to.
 *
 * The steps, in order: refuse what is not a number, check the measurement, then one scale for all arm joints (their direction
 * is kept) and one for the gripper, so that velocity, acceleration and position limits hold on the whole curve.
 *
 * This is not a certified safety function.
 */
export class CommandPipeline {
  readonly #limits: readonly JointLimits[];
  readonly #jointNames: readonly string[];
  readonly #tolerances: readonly MeasuredTolerance[];
  readonly #arm: JointGroup;
  readonly #gripper: JointGroup;
  /** What was sent last, per group, on a clock that starts when it was sent. */
  #profiles: { readonly arm: Profile; readonly gripper: Profile } | undefined;
  /** When, on that clock, the next command starts. */
  #handoverS = 0;

  /** @throws RangeError when limits leave no room or are not positive, naming the joint. */
  constructor(limits: readonly JointLimits[], options: CommandPipelineOptions = {}) {
    const isGripper = (name: string): boolean => options.gripperJoints?.includes(name) ?? /finger|gripper/i.test(name);
    const group = (gripper: boolean, margin: number): JointGroup => {
      const indices = [...limits.keys()].filter((j) => isGripper(limits[j]!.name) === gripper);
      const own = indices.map((j) => limits[j]!);
      const inner = own.map((joint) => ({
        ...joint, maxVelocity: joint.maxVelocity * (1 - HEADROOM), maxAcceleration: joint.maxAcceleration * (1 - HEADROOM),
      }));
      return new JointGroup(indices, inner, own.map((joint) => boundsWithMargin(joint, margin)), gripper ? "at_rest" : "in_motion");
    };
    this.#limits = limits;
    this.#jointNames = limits.map((joint) => joint.name);
    this.#tolerances = limits.map(({ name }) => isGripper(name)
      ? { tracking: Infinity, outside: options.gripperOutsideTolerance ?? 0.005 }
      : { tracking: options.trackingTolerance ?? 0.2, outside: options.armOutsideTolerance ?? 0.01 });
    this.#arm = group(false, options.armMargin ?? 0.1);
    this.#gripper = group(true, options.gripperMargin ?? 0);
  }

  /**
   * Puts the setpoint on the measured positions, at rest. Needed once before the first command, and after something else
   * moved the robot.
   *
   * @throws RangeError when a position is missing or not finite.
   */
  reset(measured: JointState): void {
    for (const [j, name] of this.#jointNames.entries()) {
      const position = measured.positions[j];
      if (position === undefined || !Number.isFinite(position)) {
        throw new RangeError(`The measured position of ${name} is ${position}.`);
      }
    }
    const atRest = (group: JointGroup): Profile =>
      [{ timeS: 0, positions: pick(measured.positions, group.indices), velocities: new Float64Array(group.indices.length) }];
    this.#profiles = { arm: atRest(this.#arm), gripper: atRest(this.#gripper) };
    this.#handoverS = 0;
  }

  /** Whether reset() was called. */
  get ready(): boolean {
    return this.#profiles !== undefined;
  }

  /** Where the next command starts: after a step its way-point, after a hold its end, or what advance() said. Fresh arrays. */
  get setpoint(): Setpoint {
    return this.setpointAt(this.#handoverS);
  }

  /** Where the joints should be `elapsedS` seconds after the last trajectory was sent. Fresh arrays. */
  setpointAt(elapsedS: number): Setpoint {
    const { arm, gripper } = this.#current();
    const positions = new Float64Array(this.#limits.length);
    const velocities = new Float64Array(this.#limits.length);
    for (const [group, profile] of [[this.#arm, arm], [this.#gripper, gripper]] as const) {
      const knot = sampleProfile(profile, elapsedS);
      for (const [i, j] of group.indices.entries()) {
        positions[j] = knot.positions[i]!;
        velocities[j] = knot.velocities[i]!;
      }
    }
    return { positions, velocities };
  }

  /**
   * Moves the setpoint to where the joints are `elapsedS` seconds after the last trajectory was sent. Call it before command()
   * or hold() when they do not come exactly one period later: early, late, or a stop in between.
   */
  advance(elapsedS: number): void {
    if (Number.isFinite(elapsedS)) this.#handoverS = Math.max(0, elapsedS);
  }

  /**
   * One step from the setpoint toward `targets`; afterwards the setpoint is the state one period later.
   *
   * @param targets positions (rad or m), one per joint. @param measured where the joints are now, checked when given.
   * @returns a hold with its reason, never an error, whatever the numbers are.
   * @throws Error before the first reset().
   */
  command(targets: Float64Array, periodS: number, measured?: JointState): Command {
    const current = this.#current();
    const unusable = this.#describeUnusable(targets, periodS);
    if (unusable !== undefined) return this.#holdFor("command_not_finite", unusable);
    if (measured !== undefined) {
      const fault = findMeasuredFault(measured, this.setpoint.positions, targets, this.#limits, this.#tolerances);
      if (fault !== undefined) return this.#holdFor(fault.reason, fault.sentence);
    }
    const handoverS = this.#handoverS;
    const arm = this.#arm.step(current.arm, handoverS, pick(targets, this.#arm.indices), periodS);
    const gripper = this.#gripper.step(current.gripper, handoverS, pick(targets, this.#gripper.indices), periodS);
    this.#profiles = { arm: arm.profile, gripper: gripper.profile };
    this.#handoverS = periodS;
    return { kind: "move", trajectory: this.#trajectory(), scale: arm.scale, gripperScale: gripper.scale };
  }

  /**
   * Brakes from the setpoint to rest; afterwards the setpoint is where that ends.
   *
   * @throws Error before the first reset().
   */
  hold(): JointTrajectory {
    const current = this.#current();
    const arm = this.#arm.brake(current.arm, this.#handoverS);
    const gripper = this.#gripper.brake(current.gripper, this.#handoverS);
    this.#profiles = { arm, gripper };
    this.#handoverS = Math.max(lastKnot(arm).timeS, lastKnot(gripper).timeS);
    return this.#trajectory();
  }

  #holdFor(reason: HoldReason, sentence: string): Command {
    return { kind: "hold", reason, sentence, trajectory: this.hold() };
  }

  #current(): { readonly arm: Profile; readonly gripper: Profile } {
    if (this.#profiles === undefined) throw new Error("The command pipeline has no setpoint yet: call reset() first.");
    return this.#profiles;
  }

  #describeUnusable(targets: Float64Array, periodS: number): string | undefined {
    if (!(Number.isFinite(periodS) && periodS > 0)) return `Holding: the command period is ${periodS} s.`;
    if (targets.length !== this.#limits.length) {
      return `Holding: ${targets.length} joint targets for ${this.#limits.length} joints.`;
    }
    const bad = targets.findIndex((target) => !Number.isFinite(target));
    return bad < 0 ? undefined : `Holding: the target of ${this.#jointNames[bad]} is ${targets[bad]}.`;
  }

  /** The current profiles as one trajectory. Cubic pieces cut at each other's knots stay the same cubics. */
  #trajectory(): JointTrajectory {
    const { arm, gripper } = this.#current();
    const times = knotTimes([arm, gripper]);
    if (times.length === 0) times.push(STANDSTILL_S);
    return {
      jointNames: this.#jointNames,
      points: times.map((timeS) => {
        const { positions, velocities } = this.setpointAt(timeS);
        return { positions: [...positions], velocities: [...velocities], timeFromStartS: timeS };
      }),
    };
  }
}

function pick(values: Float64Array, indices: readonly number[]): Float64Array {
  return Float64Array.from(indices, (j) => values[j]!);
}
