import { Random } from "../sim/random.js";
import type { JointLimits, JointState, JointTrajectory } from "../src/robot/types.js";
import { CommandPipeline } from "../src/safety/command-pipeline.js";
import type { Guard } from "../src/safety/guards/guard.js";
import { type JointMoment, sampleQuintic } from "../src/safety/quintic.js";

/** What came out of a run. */
export interface FuzzResult {
  readonly commands: number;
  readonly holds: number;
  readonly looks: number;
  /** Times at which position, velocity, acceleration and jerk of every joint were held against their limits. */
  readonly samples: number;
  /** Largest share of each limit that was used, 1 is the limit. Positions: rad or m beyond the bounds, 0 when never. */
  readonly largest: { readonly velocity: number; readonly acceleration: number; readonly jerk: number; readonly beyondBounds: number };
  /** What was beyond a limit or no number, first ones. */
  readonly violations: readonly string[];
}

const PERIOD_S = 0.2;
const SAMPLE_S = 0.02;
/** Commands of one robot before it is put somewhere else. */
const SEQUENCE = 40;
/** A limit passed by less than this share, or by so many rad or m, is rounding. */
const ROUNDING = 1e-6;
/** A violation more is counted but not described. */
const DESCRIBED = 10;

/**
 * Random commands, states, looks and stops through the pipeline, and the motion that a joint_trajectory_controller would make of what it says, sampled.
 *
 * @param margin distance that the pipeline keeps from a joint's position limits (rad or m). @param guards beside one that answers at random.
 */
export function fuzzPipeline(
  limits: readonly JointLimits[], margin: (joint: JointLimits) => number, commands: number, seed: number,
  { guards = [], onProgress }: { readonly guards?: readonly Guard[]; readonly onProgress?: (done: number) => void } = {},
): FuzzResult {
  const random = new Random(seed);
  let allowed = 1;
  const moody: Guard = {
    name: "moody",
    assess: () => allowed === 1 ? { scale: 1 } : { scale: allowed, reason: "collision_near", sentence: "Holding: drawn at random." },
  };
  const result = { commands: 0, holds: 0, looks: 0, samples: 0, largest: { velocity: 0, acceleration: 0, jerk: 0, beyondBounds: 0 }, violations: [] as string[] };
  while (result.commands < commands) {
    const start = limits.map((joint) => random.uniform(joint.lower + margin(joint), joint.upper - margin(joint)));
    const robot = new Robot(limits, margin, start, result);
    const pipeline = new CommandPipeline(limits, { guards: [moody, ...guards] });
    pipeline.reset({ positions: Float64Array.from(start), velocities: new Float64Array(limits.length) });
    for (let i = 0; i < SEQUENCE && result.commands < commands; i++) {
      allowed = mood(random);
      const positions = pipeline.setpoint.positions;
      const measured = random.uniform() < 0.3 ? measuredNear(random, positions) : undefined;
      const trajectory = random.uniform() < 0.05 ? pipeline.hold() : (() => {
        const command = pipeline.command(randomTargets(random, positions), random.uniform() < 0.01 ? random.uniform(-1, 1) : PERIOD_S, measured);
        if (command.kind === "hold") result.holds++;
        return command.trajectory;
      })();
      result.commands++;
      let forS = random.uniform() < 0.7 ? PERIOD_S : random.uniform(0, 3 * PERIOD_S);
      robot.follow(trajectory);
      while (forS > 0) {
        const partS = Math.min(forS, random.uniform() < 0.6 ? forS : random.uniform(0.005, 0.1));
        robot.drive(partS);
        pipeline.advance(robot.sinceS);
        forS -= partS;
        if (forS <= 0) break;
        allowed = mood(random);
        const seen = pipeline.watch(random.uniform() < 0.3 ? { state: measuredNear(random, pipeline.setpoint.positions), atS: robot.sinceS } : undefined);
        result.looks++;
        if (seen.kind === "hold") result.holds++;
        if (seen.kind !== "clear") robot.follow(seen.trajectory);
      }
      pipeline.advance(robot.sinceS);
    }
    onProgress?.(result.commands);
  }
  return result;
}

/** What the guard says: mostly nothing, sometimes less speed, a halt, or nonsense. */
function mood(random: Random): number {
  const kind = random.uniform();
  return kind < 0.7 ? 1 : kind < 0.9 ? random.uniform(0, 1) : kind < 0.97 ? 0 : kind < 0.985 ? NaN : -1;
}

function randomTargets(random: Random, positions: Float64Array): Float64Array {
  const kind = random.uniform();
  const width = kind < 0.6 ? 0.1 : kind < 0.9 ? 1 : 10;
  const targets = positions.map((position) => position + random.uniform(-width, width));
  if (random.uniform() < 0.03) {
    const strange = [NaN, Infinity, -Infinity, 1e300, -1e308, 1e-320, 0];
    targets[random.below(targets.length)] = strange[random.below(strange.length)]!;
  }
  return targets;
}

function measuredNear(random: Random, positions: Float64Array): JointState {
  const far = random.uniform() < 0.1 ? 0.5 : 0.01;
  const measured = positions.map((position) => position + random.uniform(-far, far));
  if (random.uniform() < 0.02) measured[random.below(measured.length)] = NaN;
  return { positions: measured, velocities: new Float64Array(positions.length) };
}

/** What a robot counts. */
interface Tally {
  samples: number;
  readonly largest: { velocity: number; acceleration: number; jerk: number; beyondBounds: number };
  readonly violations: string[];
}

/** Follows trajectories as ros2_control does and holds what it does against the limits. */
class Robot {
  readonly #limits: readonly JointLimits[];
  readonly #margin: (joint: JointLimits) => number;
  readonly #result: Tally;
  #from: JointMoment[];
  #trajectory: JointTrajectory | undefined;
  /** Seconds since the trajectory began. */
  sinceS = 0;

  constructor(limits: readonly JointLimits[], margin: (joint: JointLimits) => number, start: readonly number[], result: Tally) {
    this.#limits = limits;
    this.#margin = margin;
    this.#result = result;
    this.#from = start.map((position) => ({ position, velocity: 0, acceleration: 0 }));
  }

  follow(trajectory: JointTrajectory): void {
    this.#from = this.#at(this.sinceS);
    this.#trajectory = trajectory;
    this.sinceS = 0;
    const bad = trajectory.points.find(({ positions, velocities, accelerations = [], timeFromStartS }) =>
      ![timeFromStartS, ...positions, ...velocities, ...accelerations].every(Number.isFinite));
    if (bad !== undefined) this.#complain(`a point is no number: ${JSON.stringify(bad)}`);
    if (trajectory.points.at(-1)?.velocities.some((velocity) => velocity !== 0) !== false) this.#complain("a trajectory does not end at rest");
  }

  drive(forS: number): void {
    const endS = this.sinceS + forS;
    let before = this.#at(this.sinceS);
    while (this.sinceS < endS - 1e-9) {
      const stepS = Math.min(SAMPLE_S, endS - this.sinceS);
      this.sinceS += stepS;
      const now = this.#at(this.sinceS);
      this.#result.samples++;
      for (const [j, joint] of this.#limits.entries()) this.#check(joint, before[j]!, now[j]!, stepS);
      before = now;
    }
  }

  #check(joint: JointLimits, before: JointMoment, now: JointMoment, stepS: number): void {
    const { largest } = this.#result;
    const shares = {
      velocity: Math.abs(now.velocity) / joint.maxVelocity,
      acceleration: Math.abs(now.acceleration) / joint.maxAcceleration,
      // Over less than a millisecond the difference is mostly rounding.
      jerk: stepS < 1e-3 ? 0 : Math.abs(now.acceleration - before.acceleration) / stepS / joint.maxJerk,
    };
    for (const what of ["velocity", "acceleration", "jerk"] as const) {
      if (!(shares[what] <= 1 + ROUNDING)) this.#complain(`${joint.name}: ${what} at ${shares[what]} of its limit`);
      largest[what] = Math.max(largest[what], shares[what]);
    }
    const margin = this.#margin(joint);
    const beyond = Math.max(0, now.position - (joint.upper - margin), joint.lower + margin - now.position);
    if (!(beyond <= ROUNDING)) this.#complain(`${joint.name}: at ${now.position}, ${beyond} beyond its bounds`);
    largest.beyondBounds = Math.max(largest.beyondBounds, beyond);
  }

  #complain(text: string): void {
    if (this.#result.violations.length < DESCRIBED) this.#result.violations.push(text);
  }

  #at(timeS: number): JointMoment[] {
    if (this.#trajectory === undefined) return this.#from;
    const moment = (point: JointTrajectory["points"][number], j: number): JointMoment =>
      ({ position: point.positions[j]!, velocity: point.velocities[j]!, acceleration: point.accelerations?.[j] ?? NaN });
    let startS = 0;
    let previous: JointTrajectory["points"][number] | undefined;
    for (const point of this.#trajectory.points) {
      if (timeS <= point.timeFromStartS) {
        return this.#from.map((from, j) =>
          sampleQuintic(previous === undefined ? from : moment(previous, j), moment(point, j), point.timeFromStartS - startS, timeS - startS));
      }
      startS = point.timeFromStartS;
      previous = point;
    }
    return this.#from.map((_, j) => ({ position: previous!.positions[j]!, velocity: 0, acceleration: 0 }));
  }
}
