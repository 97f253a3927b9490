import { onLeash } from "../control/leash.js";
import type { ActionSpace, JointState, JointTrajectory } from "../robot/types.js";
import type { CommandPipeline } from "../safety/command-pipeline.js";
import type { HoldReason } from "../safety/types.js";
import type { JointExplorer } from "./joint-explorer.js";

export interface ExploringArmOptions {
  readonly actions: ActionSpace;
  readonly pipeline: CommandPipeline;
  readonly periodS: number;
  /** Makes the one who chooses; made anew after a stop. */
  readonly explorer: () => JointExplorer;
  /** Seconds that never go back. */
  readonly clock: () => number;
  readonly send: (trajectory: JointTrajectory) => void;
  /** Joint states older than this stop the arm, s. */
  readonly jointTimeoutS: number;
  /** Pictures older than this stop the arm, s: an arm that nobody sees is not moved. */
  readonly cameraTimeoutS: number;
  /** Told when the arm stops, and when it goes on. */
  readonly say: (sentence: string) => void;
}

/** What the guards say when the arm came near something: it goes elsewhere. Any other reason to hold ends the exploration. */
const GOES_ELSEWHERE: readonly HoldReason[] = ["cartesian_speed", "workspace_left", "keep_out_zone", "collision_near", "singularity"];
/** After a stop the arm stands for so long before it goes on, s. */
const REST_S = 0.5;

/**
 * Moves a real or simulated arm about by small joint steps, through the command pipeline and its guards. It moves only while pictures and joint states are fresh. An
 * arm that does not follow, or is held by somebody, is not pushed: the exploration ends with a hold.
 */
export class ExploringArm {
  readonly #options: ExploringArmOptions;
  #explorer: JointExplorer;
  #measured: { readonly state: JointState; readonly atS: number } | undefined;
  #pictureS = -Infinity;
  #sentS = 0;
  /** Why it stands; undefined while it moves. */
  #stands: string | undefined = "nothing was seen yet";
  #restUntilS = 0;
  #ended: string | undefined;

  constructor(options: ExploringArmOptions) {
    this.#options = options;
    this.#explorer = options.explorer();
  }

  /** Why the exploration ended by itself, a sentence; undefined while it may go on. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Where the arm is sent to be now, [joints]; undefined before it was sent anywhere. */
  get setpoint(): Float64Array | undefined {
    const { pipeline, clock } = this.#options;
    return pipeline.ready ? pipeline.setpointAt(clock() - this.#sentS).positions : undefined;
  }

  /** @param agoS how long ago it came, s. */
  onPicture(agoS: number): void {
    this.#pictureS = this.#options.clock() - agoS;
  }

  onJoints(state: JointState): void {
    this.#measured = { state, atS: this.#options.clock() };
  }

  /** Somebody else has the arm, or an operator wants it to stop: brakes, and does not start again. */
  end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#brake();
  }

  /** Call it once a period. */
  tick(): void {
    const { pipeline, clock, actions, periodS, send, say } = this.#options;
    if (this.#ended !== undefined) return;
    const nowS = clock();
    const missing = this.#missing(nowS);
    if (missing !== undefined) {
      if (this.#stands === undefined) this.#brake();
      this.#stand(missing, nowS);
      return;
    }
    if (nowS < this.#restUntilS) return;
    const measured = this.#measured!.state;
    if (this.#stands !== undefined) {
      if (this.#stands !== "it came near something") say("Exploring.");
      this.#stands = undefined;
      pipeline.reset(measured);
      this.#explorer = this.#options.explorer();
    } else {
      pipeline.advance(nowS - this.#sentS);
    }
    const setpoint = pipeline.setpoint.positions;
    // An arm that is in something's way is not pressed into it.
    const from = onLeash(setpoint, measured.positions);
    const command = pipeline.command(actions.jointTargets(from, this.#explorer.next(setpoint)), periodS, measured);
    this.#sentS = nowS;
    send(command.trajectory);
    if (command.kind === "hold") this.#held(command.reason, command.sentence, nowS);
  }

  /** Call it at command rate: guards and measurement are asked while the arm moves. */
  cycle(): void {
    const { pipeline, clock, send } = this.#options;
    if (this.#stands !== undefined || this.#ended !== undefined || !pipeline.ready) return;
    const nowS = clock();
    const missing = this.#missing(nowS);
    if (missing !== undefined) {
      this.#brake();
      this.#stand(missing, nowS);
      return;
    }
    const { state, atS } = this.#measured!;
    const sentS = this.#sentS;
    pipeline.advance(nowS - sentS);
    const watch = pipeline.watch({ state, atS: atS - sentS });
    if (watch.kind === "clear") return;
    this.#sentS = nowS;
    send(watch.trajectory);
    if (watch.kind === "hold") this.#held(watch.reason, watch.sentence, nowS);
  }

  #missing(nowS: number): string | undefined {
    const { jointTimeoutS, cameraTimeoutS } = this.#options;
    if (nowS - (this.#measured?.atS ?? -Infinity) > jointTimeoutS) return "joint states are missing";
    return nowS - this.#pictureS > cameraTimeoutS ? "pictures are missing" : undefined;
  }

  #held(reason: HoldReason, sentence: string, nowS: number): void {
    if (GOES_ELSEWHERE.includes(reason)) {
      this.#stand("it came near something", nowS);
    } else {
      this.#ended = sentence;
      this.#options.say(`${sentence} The exploration ends.`);
    }
  }

  #stand(why: string, nowS: number): void {
    if (this.#stands !== why && why !== "it came near something") this.#options.say(`Holding: ${why}.`);
    if (this.#stands === undefined) this.#restUntilS = nowS + REST_S;
    this.#stands = why;
  }

  #brake(): void {
    const { pipeline, clock, send } = this.#options;
    if (!pipeline.ready) return;
    const nowS = clock();
    pipeline.advance(nowS - this.#sentS);
    this.#sentS = nowS;
    send(pipeline.hold());
  }
}
