import type { JointLimits, JointState, JointTrajectory } from "../robot/types.js";
import type { Command, Watch } from "./command.js";
import type { Guard, Verdict } from "./guards/guard.js";
import { worstVerdict } from "./guards/worst-verdict.js";
import { JointGroup, type ScaledProfile } from "./joint-group.js";
import { boundsWithMargin } from "./limits.js";
import { type MeasuredTolerance, findMeasuredFault } from "./measured-state-check.js";
import { type Profile, knotTimes, lastKnot, restKnot, sampleProfile } from "./profile.js";
import type { HoldReason, Setpoint } from "./types.js";

export type { Command, HoldCommand, MoveCommand, Watch } from "./command.js";

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
  /** What slows or halts the arm beyond its joint limits. Default: none. */
  readonly guards?: readonly Guard[];
}

/** The step under way, for a slow-down of its rest. */
interface Step {
  readonly targets: Float64Array;
  /** When its way-point is, on the clock of what was sent last (s). */
  readonly endS: number;
  /** Norm of the speed that was wanted of the arm's joints (rad/s). */
  readonly wantedSpeed: number;
  /** Share of it that the guards allowed. */
  readonly share: number;
}

/** Share of velocity, acceleration and jerk that is kept back, because way-point times are rounded to nanoseconds. */
const HEADROOM = 1e-5;

/** Length of the one-point trajectory that holds joints already at rest (s). */
const STANDSTILL_S = 0.05;

/** The guards look at a step in so many places, evenly spaced. */
const LOOKS = 6;

/** A guard that wants so much less speed than the step has slows it; less is left as it is. */
const SLOW_DOWN_MARGIN = 0.02;

/** So near to its way-point (s) a step is not planned anew: the next one comes, or its stop. */
const NEARLY_THERE_S = 0.04;

/** Where a whole step must not be taken, these shares of it are tried. */
const SMALLER_STEPS = [0.5, 0.25, 0.1];

const ALLOWED: Verdict = { scale: 1 };

/** Faster than allowed by so much of it in the middle of a step is as good as allowed. */
const SPEED_MARGIN = 0.01;

/** Steps are planned anew at most so often until the tool is slow enough along their whole way. */
const SPEED_TRIES = 4;

/**
 * Turns joint targets into trajectories that keep the limits and end in a stop.
 *
 * A trajectory has a way-point after one period and then a braking tail; its pieces are quintics, as ros2_control draws them
 * between points with velocities and accelerations, so jerk is limited everywhere. If nothing follows, the robot stops by
 * itself; the next command starts at the way-point, before the tail. So wherever a command starts, a movement that keeps all
 * limits and ends in a stop already exists, and is what the pipeline falls back to.
 *
 * The steps, in order: refuse what is not a number, check the measurement, ask the guards along the way, then one scale for all
 * arm joints (their direction is kept) and one for the gripper, so that velocity, acceleration, jerk and position limits hold on
 * the whole curve. watch() asks measurement and guards again at command rate while the step is executed.
 *
 * This is not a certified safety function.
 */
export class CommandPipeline {
  readonly #limits: readonly JointLimits[];
  readonly #jointNames: readonly string[];
  readonly #tolerances: readonly MeasuredTolerance[];
  readonly #arm: JointGroup;
  readonly #gripper: JointGroup;
  readonly #guards: readonly Guard[];
  /** What was sent last, per group, on a clock that starts when it was sent. */
  #profiles: { readonly arm: Profile; readonly gripper: Profile } | undefined;
  /** When, on that clock, the next command starts. */
  #handoverS = 0;
  #step: Step | undefined;

  /** @throws RangeError when limits leave no room or are not positive, naming the joint. */
  constructor(limits: readonly JointLimits[], options: CommandPipelineOptions = {}) {
    const isGripper = (name: string): boolean => options.gripperJoints?.includes(name) ?? /finger|gripper/i.test(name);
    const group = (gripper: boolean, margin: number): JointGroup => {
      const indices = [...limits.keys()].filter((j) => isGripper(limits[j]!.name) === gripper);
      const own = indices.map((j) => limits[j]!);
      const inner = own.map((joint) => ({
        ...joint, maxVelocity: joint.maxVelocity * (1 - HEADROOM), maxAcceleration: joint.maxAcceleration * (1 - HEADROOM),
        maxJerk: joint.maxJerk * (1 - HEADROOM),
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
    this.#guards = options.guards ?? [];
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
    const atRest = (group: JointGroup): Profile => [restKnot(0, pick(measured.positions, group.indices))];
    this.#profiles = { arm: atRest(this.#arm), gripper: atRest(this.#gripper) };
    this.#handoverS = 0;
    this.#step = undefined;
  }

  /** Whether reset() was called. */
  get ready(): boolean {
    return this.#profiles !== undefined;
  }

  /** Where the next command starts: after a step its way-point, after a hold its end, or what advance() said. Fresh arrays. */
  get setpoint(): Setpoint {
    return this.setpointAt(this.#handoverS);
  }

  /** Seconds until the joints rest by themselves, from where the next command starts; 0 when they do. */
  get restsInS(): number {
    const { arm, gripper } = this.#current();
    return Math.max(0, lastKnot(arm).timeS - this.#handoverS, lastKnot(gripper).timeS - this.#handoverS);
  }

  /** Where the joints should be `elapsedS` seconds after the last trajectory was sent. Fresh arrays. */
  setpointAt(elapsedS: number): Setpoint {
    const { arm, gripper } = this.#current();
    const count = this.#limits.length;
    const setpoint = { positions: new Float64Array(count), velocities: new Float64Array(count), accelerations: new Float64Array(count) };
    for (const [group, profile] of [[this.#arm, arm], [this.#gripper, gripper]] as const) {
      const knot = sampleProfile(profile, elapsedS);
      for (const [i, j] of group.indices.entries()) {
        setpoint.positions[j] = knot.positions[i]!;
        setpoint.velocities[j] = knot.velocities[i]!;
        setpoint.accelerations[j] = knot.accelerations[i]!;
      }
    }
    return setpoint;
  }

  /**
   * Moves the setpoint to where the joints are `elapsedS` seconds after the last trajectory was sent. Call it before command(),
   * watch() or hold() when they do not come exactly one period later: early, late, or a stop in between.
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
    const wantedSpeed = this.#armDistance(targets) / periodS;
    const { arm, verdict, share } = this.#guardedStep(current.arm, handoverS, targets, periodS);
    if (verdict.scale === 0) return this.#holdFor(verdict.reason ?? "internal_error", verdict.sentence ?? "Holding: a guard halts the arm.");
    const gripperTargets = pick(targets, this.#gripper.indices);
    const gripper = this.#gripper.step(current.gripper, handoverS, gripperTargets, periodS, 1) ?? this.#goOn(this.#gripper, current.gripper);
    this.#profiles = { arm: arm.profile, gripper: gripper.profile };
    this.#handoverS = periodS;
    this.#step = arm.scale === 0 ? undefined : { targets: Float64Array.from(targets), endS: periodS, wantedSpeed, share };
    return {
      kind: "move", trajectory: this.#trajectory(), scale: arm.scale, gripperScale: gripper.scale, ...(verdict.scale < 1 ? { slowed: verdict } : {}),
    };
  }

  /**
   * Looks at what is being executed, at command rate; call advance() first. A fault or a guard that halts brakes; a guard that
   * wants less speed than the step has slows the rest of it, along the same line.
   *
   * @param measured where the joints are, with the time on the clock of what was sent last when they were measured (s).
   * @throws Error before the first reset().
   */
  watch(measured?: { readonly state: JointState; readonly atS: number }): Watch {
    const current = this.#current();
    const now = this.setpoint;
    if (measured !== undefined) {
      const then = this.setpointAt(Math.max(0, measured.atS)).positions;
      // Toward the target of the step; a joint that is braking is not asked to go anywhere.
      const fault = findMeasuredFault(measured.state, then, this.#step?.targets ?? now.positions, this.#limits, this.#tolerances);
      if (fault !== undefined) return { ...this.#holdFor(fault.reason, fault.sentence) };
    }
    const step = this.#step;
    if (this.#guards.length === 0 || step === undefined || now.velocities.every((velocity) => velocity === 0)) return { kind: "clear" };
    const verdict = this.#verdictAt(current.arm, this.#handoverS, this.#arm.brake(current.arm, this.#handoverS), step.share);
    if (verdict.scale === 0) return this.#holdFor(verdict.reason ?? "internal_error", verdict.sentence ?? "Holding: a guard halts the arm.");
    const remainingS = step.endS - this.#handoverS;
    if (verdict.scale >= step.share - SLOW_DOWN_MARGIN || remainingS < NEARLY_THERE_S) {
      return { kind: "clear", ...(verdict.scale < 1 ? { slowed: verdict } : {}) };
    }
    // What was not done while slow is not caught up with.
    const distance = this.#armDistance(step.targets);
    const most = distance === 0 ? 1 : Math.min(1, (verdict.scale * step.wantedSpeed * remainingS) / distance);
    const handoverS = this.#handoverS;
    const slower = this.#arm.step(current.arm, handoverS, pick(step.targets, this.#arm.indices), remainingS, most);
    this.#profiles = {
      arm: slower?.profile ?? this.#arm.brake(current.arm, handoverS),
      gripper: this.#gripper.goOn(current.gripper, handoverS),
    };
    this.#handoverS = 0;
    this.#step = slower === undefined ? undefined : { ...step, endS: remainingS, share: verdict.scale };
    return { kind: "slowed", trajectory: this.#trajectory(), slowed: verdict };
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
    this.#handoverS = Math.max(0, lastKnot(arm).timeS, lastKnot(gripper).timeS);
    this.#step = undefined;
    return this.#trajectory();
  }

  /** The largest step that limits and guards allow; a verdict of 0 is a halt. */
  #guardedStep(
    current: Profile, handoverS: number, targets: Float64Array, periodS: number,
  ): { readonly arm: ScaledProfile; readonly verdict: Verdict; readonly share: number } {
    const armTargets = pick(targets, this.#arm.indices);
    const plan = (share: number): ScaledProfile => this.#arm.step(current, handoverS, armTargets, periodS, share) ?? this.#goOn(this.#arm, current);
    let arm = plan(1);
    if (this.#guards.length === 0 || arm.scale === 0) return { arm, verdict: ALLOWED, share: 1 };
    const along = (share: number): Verdict => {
      let worst: Verdict = ALLOWED;
      for (let look = 1; look <= LOOKS; look++) {
        const verdict = this.#verdictAt(arm.profile, (look * periodS) / LOOKS, arm.profile, share);
        if (verdict.scale < worst.scale) worst = verdict;
      }
      return worst;
    };
    let share = 1;
    let said = along(1);
    // The whole step would end where the arm must not be; a part of it may not.
    for (const smaller of SMALLER_STEPS) {
      if (said.scale > 0) break;
      arm = plan(smaller);
      if (arm.scale === 0) return { arm, verdict: said, share: 1 };
      const part = along(smaller);
      if (part.scale === 0) continue;
      share = smaller;
      said = part.scale < smaller ? part : { ...said, scale: smaller };
    }
    if (said.scale === 1 || said.scale === 0) return { arm, verdict: said, share };
    share = Math.min(share, said.scale);
    for (let i = 0; i < SPEED_TRIES; i++) {
      arm = plan(Math.min(arm.scale, share));
      if (arm.scale === 0) return { arm, verdict: said, share };
      // As fast as it now is: a limit of speed may still be passed in the middle of the step, where it has to catch up.
      const actual = along(1);
      if (actual.scale === 0) return { arm, verdict: actual, share: 0 };
      if (actual.reason !== "cartesian_speed" || actual.scale > 1 - SPEED_MARGIN) break;
      share *= actual.scale;
      said = { ...actual, scale: share };
    }
    return { arm, verdict: said, share };
  }

  /** What the guards say of the arm at a time of a profile. @param share of the wanted speed that the profile has. */
  #verdictAt(profile: Profile, timeS: number, stop: Profile, share: number): Verdict {
    const knot = sampleProfile(profile, timeS);
    const rest = lastKnot(stop).positions;
    const count = this.#limits.length;
    const motion = { positions: this.setpoint.positions, velocities: new Float64Array(count), rest: this.setpoint.positions };
    for (const [i, j] of this.#arm.indices.entries()) {
      motion.positions[j] = knot.positions[i]!;
      motion.velocities[j] = knot.velocities[i]! / share;
      motion.rest[j] = rest[i]!;
    }
    return worstVerdict(this.#guards, motion);
  }

  /** Without a step that keeps the limits a group follows what it has, which ends in a stop. */
  #goOn(group: JointGroup, current: Profile): ScaledProfile {
    return { profile: group.goOn(current, this.#handoverS), scale: 0 };
  }

  #armDistance(targets: Float64Array): number {
    const { positions } = this.setpoint;
    return Math.hypot(...this.#arm.indices.map((j) => targets[j]! - positions[j]!));
  }

  #holdFor(reason: HoldReason, sentence: string): Extract<Command, { kind: "hold" }> {
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

  /** The current profiles as one trajectory. Quintic pieces cut at each other's knots stay the same quintics. */
  #trajectory(): JointTrajectory {
    const { arm, gripper } = this.#current();
    const times = knotTimes([arm, gripper]);
    if (times.length === 0) times.push(STANDSTILL_S);
    return {
      jointNames: this.#jointNames,
      points: times.map((timeS) => {
        const { positions, velocities, accelerations } = this.setpointAt(timeS);
        return { positions: [...positions], velocities: [...velocities], accelerations: [...accelerations], timeFromStartS: timeS };
      }),
    };
  }
}

function pick(values: Float64Array, indices: readonly number[]): Float64Array {
  return Float64Array.from(indices, (j) => values[j]!);
}
