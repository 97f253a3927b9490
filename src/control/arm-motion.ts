import type { JointState, JointTrajectory } from "../robot/types.js";
import type { CommandPipeline } from "../safety/command-pipeline.js";
import type { Command, HoldCommand } from "../safety/command.js";
import type { Verdict } from "../safety/guards/guard.js";

/** What an arm moves by. */
export interface ArmMotionOptions {
  readonly pipeline: CommandPipeline;
  /** @param startS when it begins, on the steady clock (s): planning it has taken some of its time already. */
  readonly send: (trajectory: JointTrajectory, startS: number) => void;
  /** Steady clock, s. */
  readonly clock: () => number;
}

/** So near to its own stop (s) the arm is left to it: another would reach the robot in its last milliseconds, or after them, as a jerk. */
const OWN_STOP_S = 0.03;

/** A joint state and when it was measured, on the steady clock (s). */
export interface MeasuredJoints {
  readonly state: JointState;
  readonly takenS: number;
}

/**
 * The arm's present trajectory: keeps the pipeline in step with the clock, so that each command, each look and each stop begins where
 * the arm is, and sends what comes of it.
 */
export class ArmMotion {
  readonly #options: ArmMotionOptions;
  /** When the pipeline's last trajectory begins (s); undefined after a reset of the pipeline. */
  #sentAtS: number | undefined;
  /** Whether the last trajectory sent was a step: only then is there something to brake. */
  #moving = false;
  #slowed: Verdict | undefined;

  constructor(options: ArmMotionOptions) {
    this.#options = options;
  }

  /** Whether the last trajectory sent was a step. */
  get moving(): boolean {
    return this.#moving;
  }

  /** What makes the arm slower than it was asked to be. */
  get slowed(): Verdict | undefined {
    return this.#moving ? this.#slowed : undefined;
  }

  /** Where the arm is commanded to be now, [joints]. */
  get positions(): Float64Array {
    this.#align();
    return this.#options.pipeline.setpoint.positions;
  }

  /** One step toward joint targets; a hold is sent as one. */
  step(targets: Float64Array, periodS: number, measured: JointState): Command {
    const nowS = this.#align();
    const command = this.#options.pipeline.command(targets, periodS, measured);
    if (command.kind === "hold") this.#sendHold(command.trajectory, nowS);
    else {
      this.#slowed = command.slowed;
      this.#sendStep(command.trajectory, nowS);
    }
    return command;
  }

  /** Looks at the step under way, at command rate. @returns the hold that it ended in, if it did. */
  watch({ state, takenS }: MeasuredJoints): HoldCommand | undefined {
    if (!this.#moving || this.#sentAtS === undefined) return undefined;
    const nowS = this.#align();
    // One from before the trajectory was sent says nothing of how it is followed.
    const seen = this.#options.pipeline.watch(takenS < this.#sentAtS ? undefined : { state, atS: takenS - this.#sentAtS });
    switch (seen.kind) {
      case "clear":
        this.#slowed = seen.slowed;
        return undefined;
      case "slowed":
        this.#slowed = seen.slowed;
        this.#sendStep(seen.trajectory, nowS);
        return undefined;
      case "hold":
        this.#sendHold(seen.trajectory, nowS);
        return seen;
    }
  }

  /** Brakes, if there is something to brake: not the last moments of a stop. */
  brake(): void {
    if (!this.#moving) return;
    const nowS = this.#align();
    const { pipeline } = this.#options;
    if (pipeline.restsInS <= OWN_STOP_S) this.leaveToItsStop();
    else this.#sendHold(pipeline.hold(), nowS);
  }

  /** Sends nothing: the arm drives the last trajectory to its end. A stop from where this clock says the arm is might lead it back. */
  leaveToItsStop(): void {
    this.#moving = false;
  }

  /** Puts the setpoint on the measured joints. @throws RangeError when they cannot be used. */
  resync(measured: JointState): void {
    this.#options.pipeline.reset(measured);
    this.#sentAtS = undefined;
  }

  /** What is under way goes on so many seconds later. */
  delay(byS: number): void {
    if (this.#sentAtS !== undefined) this.#sentAtS += byS;
  }

  /** Whether the last trajectory sent has come to its end: the robot stands, as far as it follows. */
  get standing(): boolean {
    const { pipeline, clock } = this.#options;
    return !pipeline.ready || this.#sentAtS === undefined || pipeline.setpointAt(clock() - this.#sentAtS).velocities.every((velocity) => velocity === 0);
  }

  /** Whether the last trajectory had ended at a time on the steady clock (s). */
  stoodAt(timeS: number): boolean {
    const { pipeline } = this.#options;
    if (!pipeline.ready || this.#sentAtS === undefined) return true;
    return timeS >= this.#sentAtS && pipeline.setpointAt(timeS - this.#sentAtS).velocities.every((velocity) => velocity === 0);
  }

  /**
   * Tells the pipeline how far the arm has come on the last trajectory.
   *
   * @returns when that was (s). What is planned from there begins then, not when it is sent: meanwhile the arm goes on, and a braking that
   *   began some milliseconds too late would first have to go back.
   */
  #align(): number {
    const nowS = this.#options.clock();
    if (this.#sentAtS !== undefined) this.#options.pipeline.advance(nowS - this.#sentAtS);
    return nowS;
  }

  /**
   * Sends a stop if the last trajectory was a step. Otherwise the robot stands or is braking already; and before the first step
   * it is not ours, or somebody may have moved it, and a command to stay would be a command to jump back.
   */
  #sendHold(trajectory: JointTrajectory, startS: number): void {
    const wanted = this.#moving;
    this.#moving = false;
    this.#sentAtS = startS;
    if (wanted) this.#options.send(trajectory, startS);
  }

  #sendStep(trajectory: JointTrajectory, startS: number): void {
    // First the bookkeeping: should sending fail, the robot is still at the start of this trajectory, and braking begins there.
    this.#moving = true;
    this.#sentAtS = startS;
    this.#options.send(trajectory, startS);
  }
}
