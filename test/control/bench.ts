import type { RgbImage } from "../../src/camera/types.js";
import { Controller } from "../../src/control/controller.js";
import type { ControllerOptions } from "../../src/control/controller-options.js";
import type { ControllerStatus } from "../../src/control/status.js";
import type { ActionSpace, JointState, JointTrajectory } from "../../src/robot/types.js";
import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import { JOINTS } from "../safety/joints.js";
import { TrajectoryPlayer } from "../safety/trajectory-player.js";
import { ToyPlanning } from "./toy-planning.js";

export const PERIOD_S = 0.2;
export const CYCLE_S = 0.02;
export const BENCH_JOINTS = JOINTS.slice(0, 3);
const ARM = BENCH_JOINTS;
const PICTURE: RgbImage = { width: 1, height: 1, data: new Uint8Array(3) };

/** Three arm joints that follow trajectories exactly (and fail the test when one breaks a limit), a fake clock, and a controller. */
export class TestBench {
  readonly planning: ToyPlanning;
  readonly controller: Controller;
  readonly statuses: ControllerStatus[] = [];
  readonly sent: JointTrajectory[] = [];
  nowS = 100;
  /** Broken limits: the controller would take the failed assertion for a fault of the port, so they are kept here. */
  readonly violations: unknown[] = [];
  /** Makes the next sends fail. */
  sendFails = false;
  publishFails = false;
  /** What the action space answers instead of its targets. */
  targetsBecome: ((targets: Float64Array) => Float64Array) | undefined;
  /** Added to what the joint sensors say (rad). */
  sensorOffset = [0, 0, 0];
  readonly #player = new TrajectoryPlayer(ARM, [0, 0, 0], () => 0.1);
  #last: { readonly trajectory: JointTrajectory; readonly atS: number } | undefined;
  #stamp = 0;

  constructor(options: Partial<ControllerOptions> = {}, planning = new ToyPlanning(ARM.length)) {
    this.planning = planning;
    const actionSpace: ActionSpace = {
      jointTargets: (positions, action) => {
        const targets = positions.map((position, j) => position + action[j]!);
        return this.targetsBecome?.(targets) ?? targets;
      },
      state: (joints) => Float32Array.from(joints.positions),
    };
    this.controller = new Controller({
      actionSpace,
      pipeline: new CommandPipeline(ARM),
      planning,
      periodS: PERIOD_S,
      reachedBelow: 1e-4,
      planDeadlineMs: Infinity,
      clock: () => this.nowS,
      ports: {
        sendTrajectory: (trajectory) => this.#receive(trajectory),
        publishStatus: (status) => {
          if (this.publishFails) throw new Error("nobody listens");
          this.statuses.push(status);
        },
      },
      ...options,
    });
  }

  /** Where the robot is now. */
  get robot(): { readonly positions: readonly number[]; readonly velocities: readonly number[] } {
    return this.#last === undefined ? this.#player : this.#player.peek(this.#last.trajectory, this.nowS - this.#last.atS);
  }

  get moving(): boolean {
    return this.robot.velocities.some((velocity) => Math.abs(velocity) > 1e-9);
  }

  /** The robot heard nothing for so many seconds and stood where it was. */
  holdRobot(forS: number): void {
    if (this.#last !== undefined) this.#last = { ...this.#last, atS: this.#last.atS + forS };
  }

  image(): void {
    this.controller.onImage(PICTURE, ++this.#stamp);
  }

  joints(): void {
    const { positions, velocities } = this.robot;
    const state: JointState = {
      positions: Float64Array.from(positions, (position, j) => position + this.sensorOffset[j]!), velocities: Float64Array.from(velocities),
    };
    this.controller.onJointState(state, ++this.#stamp);
  }

  inputs(): void {
    this.image();
    this.joints();
  }

  /** Fresh inputs, one tick, the plan made, one period passed. */
  async period(): Promise<ControllerStatus> {
    this.inputs();
    this.controller.tick();
    const { status } = this.controller;
    await this.controller.settled();
    this.nowS += PERIOD_S;
    this.check();
    return status;
  }

  /** Periods until the state is `state`; fails after `most`. */
  async until(state: ControllerStatus["state"], most = 100): Promise<ControllerStatus> {
    for (let i = 0; i < most; i++) {
      const status = await this.period();
      if (status.state === state) return status;
    }
    throw new Error(`never "${state}": ${JSON.stringify(this.controller.status)}`);
  }

  /** Time passes with looks at command rate, without a tick; inputs come where they are wanted. */
  watched(forS: number, inputs: "inputs" | "no inputs"): void {
    const cycles = Math.round(forS / CYCLE_S);
    for (let i = 0; i < cycles; i++) {
      this.nowS += CYCLE_S;
      if (inputs === "inputs") this.inputs();
      this.controller.cycle();
    }
    this.check();
  }

  /** On the way to a goal, moving. */
  async underWay(latent: readonly number[] = [0.8, -0.5, 0.3]): Promise<void> {
    await this.controller.setGoal({ name: "there", latent: Float32Array.from(latent) });
    for (let i = 0; i < 4; i++) await this.period();
    if (!this.moving) throw new Error(`not moving: ${JSON.stringify(this.controller.status)}`);
  }

  /** Throws when a trajectory broke a limit, jumped, or did not end in a stop. */
  check(): void {
    if (this.violations.length > 0) throw this.violations[0];
  }

  #receive(trajectory: JointTrajectory): void {
    if (this.sendFails) throw new Error("the line is dead");
    try {
      if (this.#last !== undefined) this.#player.play(this.#last.trajectory, this.nowS - this.#last.atS);
      // Checks the whole of it, now that it is known; playing nothing of it leaves the joints where they are.
      this.#player.play(trajectory, 0);
    } catch (violation) {
      this.violations.push(violation);
    }
    this.#last = { trajectory, atS: this.nowS };
    this.sent.push(trajectory);
  }
}
