import type { Adapter } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import type { JointState } from "../robot/types.js";
import type { HoldReason } from "../safety/types.js";
import { ActionQueue } from "./action-queue.js";
import { ArmMotion } from "./arm-motion.js";
import type { ControllerGoal, ControllerOptions } from "./controller-options.js";
import { DEFAULT_EXPLORATION_FLOOR, explorationScale } from "./exploration-scale.js";
import { DEFAULT_PROGRESS, GoalSequence, type SubGoal } from "./goal-sequence.js";
import { onLeash } from "./leash.js";
import { PendingPlan, type PlanOutcome } from "./pending-plan.js";
import type { Looked, PlanRequest, PlanResult } from "./planning-service.js";
import { type RestAction, zeroRestAction } from "./rest-action.js";
import { type InputFault, LatestInput } from "./staleness.js";
import type { SurpriseVerdict } from "../surprise/monitor.js";
import type { ControllerState, ControllerStatus } from "./status.js";
import { StuckJoints } from "./stuck-joints.js";
import { whyNotFinite } from "./why-not-finite.js";
import type { TakenGoal } from "./witness.js";

/** Without a look at the arm for so long, it brakes (s). */
const DEFAULT_COMMAND_GAP_S = 0.15;

/** What is known about the goal that is being gone for. */
interface ActiveGoal {
  readonly name: string;
  /** Of the last sub-goal. */
  readonly reachedBelow: number;
  /** The same, for the witness. */
  readonly taken: TakenGoal;
  /** What is left of the goal. */
  readonly sequence: GoalSequence;
  /** Sub-goals that were done before. */
  readonly behind: number;
  steps: number;
  overruns: number;
  /** Cold starts after faults and after stalls since the energy last fell. */
  retries: number;
  stalls: number;
  /** The newest answer for the present sub-goal that scored something. */
  result: PlanResult | undefined;
  /** Of the newest plan that asked the memory: only a search that begins from nothing does. */
  recalled: number | undefined;
  /** How long its question waited for a picture (s). */
  waitedS: number;
}

/** What the next plan is to be asked for. */
interface UnaskedPlan {
  readonly goal: ActiveGoal;
  readonly committed: Float32Array;
  readonly sentBefore: number;
  /** Whether the committed action is executed as it is: then it says something of the robot. */
  readonly asSent: boolean;
  readonly sinceS: number;
  /** Then it is asked for with the picture that there is. */
  readonly untilS: number;
}

/** Share of a plan's deadline that may be spent on waiting for a picture. */
const WAIT_SHARE = 0.25;

/**
 * Ties camera, planner, action space and command pipeline together, one action a tick.
 *
 * A tick at time t takes the plan that was made while the last action was executed, sends the next action's trajectory, and has
 * the next plan made from the newest picture, with the action just sent as its first one. The first tick of a goal commits
 * a rest. If the plan is late the old one is followed for some actions, then the robot holds until the plan comes.
 *
 * Whatever goes wrong, the robot brakes and the status says why. Faults of the inputs end by themselves when the inputs are
 * back. Faults of plans and commands are tried again from a cold start, a limited number of times, then the hold is final.
 *
 * Nothing here waits: ticks come from a timer, or from a loop that awaits settled() between them.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #restAction: RestAction;
  readonly #camera: LatestInput<RgbImage>;
  readonly #joints: LatestInput<JointState>;
  readonly #queue: ActionQueue;
  readonly #pending = new PendingPlan();
  readonly #motion: ArmMotion;
  readonly #stuckJoints = new StuckJoints();

  #state: ControllerState = { kind: "idle", reason: "no_goal", sentence: "Idle: no goal." };
  #goal: ActiveGoal | undefined;
  /** Counts everything that replaces a goal, so that one still being encoded knows that it is out of date. */
  #goalEra = 0;
  #seed: number;
  /** Put the setpoint on the measured joints at the next start from rest: somebody may have moved the robot. */
  #resyncWanted = true;
  /** A fault that is being tried again; the state says holding until a step succeeds. */
  #recovering = false;
  /** The last action sent, while the setpoint is where it led to. */
  #lastAction: Float32Array | undefined;
  /** Actions sent when the last plan was asked for; undefined after a cold start. */
  #lastAskedAt: number | undefined;
  /** The question for the next plan, while it waits for a picture that is due. */
  #unasked: UnaskedPlan | undefined;
  /** When cycle() was called last (s). */
  #lastCycleS: number | undefined;

  /** @throws RangeError when the horizon is too short: the first action of a plan is committed, so it takes two. */
  constructor(options: ControllerOptions) {
    const { actionDim, horizon } = options.planning.model;
    if (horizon < 2) throw new RangeError(`The model's horizon is ${horizon}, the controller needs at least 2.`);
    this.#options = options;
    this.#restAction = options.restAction ?? zeroRestAction(actionDim);
    this.#camera = new LatestInput({ waiting: "waiting_for_camera", stale: "camera_stale", noun: "camera picture" }, options.cameraTimeoutS ?? 0.5);
    this.#joints = new LatestInput(
      { waiting: "waiting_for_joint_states", stale: "joint_states_stale", noun: "joint state" }, options.jointTimeoutS ?? 0.25,
    );
    this.#queue = new ActionQueue(actionDim, options.maxLateActions ?? 2);
    this.#seed = options.seed ?? 0;
    this.#motion = new ArmMotion({
      pipeline: options.pipeline, clock: () => options.clock(), send: (trajectory, startS) => { options.ports.sendTrajectory(trajectory, startS); },
    });
  }

  /**
   * Takes a picture; `image` must not change afterwards.
   *
   * @param stampS its time stamp, on any clock: a repeated one means that the camera has stopped; 0 is none.
   * @param ageS how old it is on arrival (s), where the stamp's clock is known.
   */
  onImage(image: RgbImage, stampS: number, ageS = 0): void {
    const before = this.#camera.count;
    this.#camera.take(image, stampS, this.#options.clock() - ageS);
    if (this.#camera.count > before) this.#askNow();
  }

  /** Takes a joint state; parameters as for onImage(). */
  onJointState(state: JointState, stampS: number, ageS = 0): void {
    this.#joints.take(state, stampS, this.#options.clock() - ageS);
    this.#stuckJoints.take(state.positions);
  }

  /**
   * Replaces the goal, when it is encoded; until then an earlier goal is gone on for.
   *
   * Rejects when stopped, when the picture cannot be encoded, when the latent is unusable, or when another call came between.
   */
  setGoal(goal: ControllerGoal): Promise<void> {
    return this.setGoals(goal.name, [goal]);
  }

  /**
   * Replaces the goal by sub-goals to be gone for in their order, as setGoal() does; rejects when there are none. When all are
   * latents, the goal is replaced before this returns.
   *
   * @param given `reachedBelow`: energy below which sub-goals that do not say it themselves count as reached, instead of the controller's own.
   * `behind`: sub-goals of this goal that were done before and are not among `goals`; they are counted where people are told of it.
   */
  async setGoals(name: string, goals: readonly ControllerGoal[], given: { readonly reachedBelow?: number | undefined; readonly behind?: number } = {}): Promise<void> {
    this.#refuseWhenStopped();
    if (goals.length === 0) throw new RangeError(`The goal "${name}" has no pictures: give at least one.`);
    const era = ++this.#goalEra;
    const encoded: (SubGoal & TakenGoal["subGoals"][number])[] = [];
    for (const goal of goals) {
      const { latent, unlikeness }: Looked = "latent" in goal ? goal : await this.#look(goal.image);
      this.#refuseWhenStopped();
      if (era !== this.#goalEra) throw new Error(`The goal "${name}" was replaced before it was encoded.`);
      this.#refuseUnusable(goal.name, latent);
      const refusal = this.#options.surprise?.refuseGoal(goal.name, unlikeness);
      if (refusal !== undefined) throw new Error(refusal);
      encoded.push({
        name: goal.name, latent, reachedBelow: goal.reachedBelow, beforeCameraMoved: goal.beforeCameraMoved, ...(goal.image === undefined ? {} : { image: goal.image }),
      });
    }
    const { leftAboveFactor = 2, reachedFrames = 2, progress } = this.#options;
    const ofAll = given.reachedBelow ?? this.#options.reachedBelow;
    const reachedBelow = encoded.at(-1)!.reachedBelow ?? ofAll;
    this.#guard(() => {
      const sequence = new GoalSequence(encoded, {
        reachedBelow: ofAll, frames: reachedFrames, leftAbove: leftAboveFactor * reachedBelow, progress: { ...DEFAULT_PROGRESS, ...progress },
      });
      const taken: TakenGoal = { name, reachedBelow, subGoals: encoded };
      this.#options.witness?.goalTaken(taken);
      this.#goal = { name, reachedBelow, taken, sequence, behind: given.behind ?? 0, steps: 0, overruns: 0, retries: 0, stalls: 0, result: undefined, recalled: undefined, waitedS: 0 };
      if (!this.#motion.moving) this.#resyncWanted = true;
      this.#recovering = false;
      this.#startCold();
      this.#state = { kind: "planning", sentence: `Starting for ${label(this.#goal)}.` };
    });
  }

  /** Brakes and forgets the goal. */
  clearGoal(): void {
    this.#goalEra++;
    if (this.#state.kind === "stopped") return;
    this.#guard(() => {
      this.#motion.brake();
      this.#goal = undefined;
      this.#state = idle();
      this.#startCold();
    });
  }

  /** Brakes at once and stays so until reset(). */
  stop(): void {
    this.#goalEra++;
    if (this.#state.kind === "stopped") return;
    this.#state = { kind: "stopped", reason: "stopped_by_user", sentence: "Stopped by the user until reset." };
    this.#guard(() => {
      this.#motion.brake();
      this.#startCold();
    });
  }

  /** Ends a stop or a final hold; the goal is forgotten, the setpoint is taken from the robot before the next step. */
  reset(): void {
    this.#goalEra++;
    if (this.#state.kind === "stopped" && this.#state.reason === "shutdown") return;
    this.#state = idle();
    this.#guard(() => {
      this.#motion.brake();
      this.#goal = undefined;
      this.#recovering = false;
      this.#resyncWanted = true;
      this.#startCold();
    });
  }

  /** Brakes; nothing is accepted afterwards. The planning service stays open. */
  shutdown(): void {
    this.#goalEra++;
    this.#state = { kind: "stopped", reason: "shutdown", sentence: "Shut down." };
    this.#guard(() => {
      this.#motion.brake();
      this.#forgetPlans();
    });
  }

  /** One control step; never throws. Call it once a period. */
  tick(): void {
    this.#guard(() => this.#tick(this.#options.clock()));
  }

  /**
   * Looks at what is being executed; never throws. Call it at command rate, some times a period: it stops the arm on stale inputs,
   * on joints that do not follow and on what the guards see, and slows it where they want that.
   */
  cycle(): void {
    try {
      const nowS = this.#options.clock();
      const gapS = nowS - (this.#lastCycleS ?? nowS);
      this.#lastCycleS = nowS;
      if (this.#unasked !== undefined && nowS >= this.#unasked.untilS) this.#askNow();
      if (this.#motion.moving && this.#goal !== undefined) this.#watch(this.#goal, nowS, gapS);
    } catch (error) {
      this.#failFor(error);
    }
  }

  /** The commands of so many seconds did not reach the robot, which stood meanwhile: the motion goes on that much later. */
  delay(byS: number): void {
    this.#motion.delay(byS);
  }

  /** Brakes and gives the goal up, for something that only people can put right; the hold is final. Without a goal under way nothing happens. */
  giveUp(reason: HoldReason, sentence: string): void {
    const { kind } = this.#state;
    if (this.#goal === undefined || !(kind === "planning" || (kind === "holding" && !this.#state.final))) return;
    this.#guard(() => { this.#holdAndStartCold(reason, sentence, true); });
  }

  /** Resolves when no plan is being made; never rejects. */
  settled(): Promise<void> {
    return this.#pending.settled();
  }

  /** The newest joint state, unless it is stale. */
  get freshJoints(): JointState | undefined {
    return this.#joints.faultAt(this.#options.clock()) === undefined ? this.#joints.value : undefined;
  }

  /** The newest picture, unless it is stale. */
  get freshImage(): RgbImage | undefined {
    return this.#camera.faultAt(this.#options.clock()) === undefined ? this.#camera.value : undefined;
  }

  /** Whether the last trajectory sent has come to its end: the robot stands, as far as it follows. */
  get standing(): boolean {
    return this.#motion.standing;
  }

  get status(): ControllerStatus {
    const state = this.#state;
    const goal = this.#goal;
    const result = goal?.result;
    const sequence = goal?.sequence;
    return {
      state: state.kind,
      sentence: state.sentence,
      ...("reason" in state ? { holdReason: state.reason } : {}),
      final: state.kind === "stopped" || state.kind === "reached" || (state.kind === "holding" && state.final),
      ...(goal === undefined ? {} : { goalName: goal.name }),
      ...(goal === undefined || subGoalCount(goal) === 1 ? {} : {
        subGoal: { name: goal.sequence.current.name, number: subGoalNumber(goal), count: subGoalCount(goal) },
      }),
      ...(sequence?.startEnergy === undefined ? {} : { startEnergy: sequence.startEnergy }),
      ...(result === undefined ? {} : {
        energy: result.startEnergy,
        pictureWaitMs: 1000 * goal!.waitedS,
        encodeMs: result.encodeMs,
        planMs: result.planMs,
        ...(result.answerMs === undefined ? {} : { answerMs: result.answerMs }),
        iterations: result.iterations,
        candidates: result.candidates,
        ...(result.terms === undefined ? {} : { terms: result.terms }),
      }),
      ...(goal?.recalled === undefined ? {} : { recalled: goal.recalled }),
      ...(goal === undefined || energyShare(goal) === undefined ? {} : { energyShare: energyShare(goal)! }),
      ...(this.#motion.slowed === undefined ? {} : { speedScale: this.#motion.slowed.scale }),
      ...(this.#options.surprise === undefined ? {} : { surprise: this.#options.surprise.shares }),
      ...(this.#adapter === undefined ? {} : { adaptation: { axes: this.#adapter.estimates, steps: this.#adapter.steps } }),
      steps: goal?.steps ?? 0,
      overruns: goal?.overruns ?? 0,
      retries: (goal?.retries ?? 0) + (goal?.stalls ?? 0),
    };
  }

  #tick(nowS: number): void {
    if (this.#state.kind === "stopped") return;
    this.#askNow();
    const goal = this.#goal;
    const image = this.#camera.value;
    const joints = this.#joints.value;
    if (image === undefined || joints === undefined) {
      const { sentence } = (this.#camera.faultAt(nowS) ?? this.#joints.faultAt(nowS))!;
      this.#state = { kind: "waiting_for_inputs", reason: image === undefined ? "waiting_for_camera" : "waiting_for_joint_states", sentence };
      return;
    }
    if (goal === undefined) {
      this.#state = idle();
      return;
    }
    if (this.#state.kind === "holding" && this.#state.final) return;
    if (this.#state.kind === "reached" && this.#options.keepTracking !== true) return;
    const fault = this.#inputFault(nowS);
    if (fault !== undefined) {
      this.#pauseFor(fault);
      return;
    }
    const outcome = this.#pending.take();
    if (outcome !== undefined && !this.#acceptOutcome(goal, outcome)) return;
    if (this.#state.kind === "reached") {
      if (!this.#pending.inFlight) this.#ask(goal, this.#rest(joints), this.#queue.sent);
      return;
    }
    const action = this.#queue.next();
    if (action !== undefined) this.#step(goal, action, joints);
    else if (this.#pending.inFlight) this.#holdLate(goal);
    else this.#startFromRest(goal, joints);
  }

  #watch(goal: ActiveGoal, nowS: number, gapS: number): void {
    const joints = this.#joints.value;
    if (joints === undefined) return;
    const { commandGapS = DEFAULT_COMMAND_GAP_S } = this.#options;
    const fault: InputFault | undefined = gapS > commandGapS
      ? { reason: "command_loop_late", sentence: `Holding: nothing watched the arm for ${gapS.toFixed(2)} s (limit ${commandGapS.toFixed(2)} s).` }
      : this.#inputFault(nowS);
    if (fault !== undefined) {
      this.#guard(() => { this.#pauseFor(fault); });
      return;
    }
    const stuck = this.#stuckJoints.look(this.#motion.positions);
    if (stuck !== undefined) {
      this.#guard(() => { this.#retry(goal, "tracking_error", stuck); });
      return;
    }
    const slowed = this.#motion.slowed?.reason;
    const hold = this.#motion.watch({ state: joints, takenS: this.#joints.takenS });
    // What was sent is not what is executed: nothing is to be learned from it.
    if (hold !== undefined || this.#motion.slowed !== undefined) this.#adapter?.disturbed();
    if (hold !== undefined) this.#guard(() => { this.#retry(goal, hold.reason, hold.sentence); });
    else if (this.#motion.slowed?.reason !== slowed) this.#guard(() => { this.#describeProgress(goal); });
  }

  #inputFault(nowS: number): InputFault | undefined {
    return this.#options.outsideFault?.() ?? this.#joints.faultAt(nowS) ?? this.#camera.faultAt(nowS);
  }

  /** Takes a plan in. False when the tick ends here: it failed, or the goal is reached. */
  #acceptOutcome(goal: ActiveGoal, outcome: PlanOutcome): boolean {
    if (outcome.kind === "failed") {
      this.#retry(goal, "internal_error", `Holding: planning failed: ${outcome.message}`);
      return false;
    }
    if (outcome.kind === "unavailable") {
      // Not a fault of this goal's plans: it is asked again for as long as it takes.
      this.#holdAndStartCold("inference_unavailable", `Holding: ${outcome.message}.`, false);
      return false;
    }
    const { result, ticket } = outcome;
    // Not even one candidate in time: that is a late plan, and there is no energy to judge by.
    if (result.candidates === 0) {
      if (this.#state.kind !== "reached" && this.#queue.next() === undefined) {
        this.#holdLate(goal);
        this.#recovering = true;
      }
      return true;
    }
    const unusable = this.#describeUnusable(result);
    if (unusable !== undefined) {
      this.#retry(goal, "plan_not_finite", `Holding: ${unusable}`);
      return false;
    }
    const surprise = this.#judgeSurprise(result, ticket.frame);
    if (surprise?.alarm === true) {
      // Nothing that was learned is to be believed, either.
      this.#adapter?.reset();
      this.#holdSurprised(goal, surprise);
      return false;
    }
    if (result.observed !== undefined) this.#adapter?.see(ticket.sentBefore, { latent: result.latent, ...result.observed });
    goal.result = result;
    goal.recalled = result.recalled ?? goal.recalled;
    goal.waitedS = ticket.waitedS;
    const energy = result.startEnergy;
    const { sequence } = goal;

    if (this.#state.kind === "reached") {
      if (sequence.left(energy)) {
        this.#startCold();
        this.#state = { kind: "planning", sentence: `Left "${goal.name}": going back.` };
      }
      return true;
    }
    switch (sequence.judge(energy, ticket.frame)) {
      case "reached":
        this.#queue.clear();
        this.#recovering = false;
        this.#state = {
          kind: "reached", reason: "goal_reached",
          sentence: `Reached "${goal.name}": energy ${energy.toPrecision(3)} (limit ${goal.reachedBelow.toPrecision(3)}).`,
        };
        this.#motion.brake();
        return false;
      case "next":
        // A new picture to go for: the old plan leads elsewhere. The tick goes on with a start from rest.
        sequence.advance();
        goal.result = undefined;
        this.#forgive(goal);
        this.#recovering = false;
        this.#startCold();
        return true;
      case "stalled":
        this.#restartStalled(goal, energy);
        return false;
      case "improved":
        this.#forgive(goal);
        break;
      case "waiting":
        break;
    }
    this.#queue.adopt(result.actions, ticket);
    return true;
  }

  #judgeSurprise({ latent, observed, startEnergy }: PlanResult, frame: number): SurpriseVerdict | undefined {
    if (observed === undefined) return undefined;
    return this.#options.surprise?.judge({ latent, ...observed, energy: startEnergy }, frame);
  }

  /** Brakes, and looks on from rest until the pictures are normal again; only the beginning of an alarm counts as a retry. */
  #holdSurprised(goal: ActiveGoal, { reason, sentence, began }: Extract<SurpriseVerdict, { alarm: true }>): void {
    if (began) this.#retry(goal, reason, `Holding: ${sentence}.`);
    else this.#holdAndStartCold(reason, `Holding: ${sentence}.`, false);
  }

  async #look(image: RgbImage): Promise<Looked> {
    const { planning } = this.#options;
    return planning.look === undefined ? { latent: await planning.encode(image) } : planning.look(image);
  }

  /** What makes a plan unfit to be followed, or undefined. */
  #describeUnusable(result: PlanResult): string | undefined {
    const { actionDim, horizon } = this.#options.planning.model;
    if (result.actions.length !== horizon * actionDim) return `the plan has ${result.actions.length} numbers instead of ${horizon * actionDim}.`;
    if (!result.actions.every(Number.isFinite)) return "the plan has actions that are not finite.";
    if (!Number.isFinite(result.energy)) return whyNotFinite(result);
    if (!Number.isFinite(result.startEnergy)) return `the energy of the picture is ${result.startEnergy}.`;
    return undefined;
  }

  /** Sends one action and has the next plan made. */
  #step(goal: ActiveGoal, action: Float32Array, joints: JointState): void {
    const { actionSpace, periodS } = this.#options;
    const targets = actionSpace.jointTargets(onLeash(this.#motion.positions, joints.positions), action);
    const command = this.#motion.step(targets, periodS, joints);
    if (command.kind === "hold") {
      this.#retry(goal, command.reason, command.sentence);
      return;
    }
    const sentBefore = this.#queue.sent;
    this.#lastAction = action;
    this.#queue.advance();
    goal.steps++;
    this.#recovering = false;
    this.#describeProgress(goal);
    if (this.#pending.inFlight) goal.overruns++;
    else this.#ask(goal, action, sentBefore, this.#motion.slowed === undefined);
  }

  #describeProgress(goal: ActiveGoal): void {
    const share = energyShare(goal);
    const progress = share === undefined ? "" : `, energy at ${(100 * share).toFixed(0)} % of its start`;
    const { slowed } = this.#motion;
    const speed = slowed === undefined ? "" : ` Slowed to ${(100 * slowed.scale).toFixed(0)} %: ${(slowed.sentence ?? "").replace(/^(Slowed|Holding): /, "")}`;
    this.#state = { kind: "planning", sentence: `Going for ${label(goal)}: step ${goal.steps}${progress}.${speed}` };
  }

  /** The first tick of a goal, or after a fault: stand, and have a plan made that begins with a rest. */
  #startFromRest(goal: ActiveGoal, joints: JointState): void {
    this.#motion.brake();
    if (!this.#resync(goal, joints)) return;
    if (!this.#recovering) this.#state = { kind: "planning", sentence: `Planning the first step to ${label(goal)}.` };
    const sentBefore = this.#queue.sent;
    this.#queue.advance();
    this.#ask(goal, this.#rest(joints), sentBefore);
  }

  #holdLate(goal: ActiveGoal): void {
    goal.overruns++;
    this.#motion.brake();
    if (this.#recovering) return;
    const { planDeadlineMs = this.#defaultDeadlineMs() } = this.#options;
    this.#state = {
      kind: "holding", reason: "plan_late", final: false,
      sentence: `Holding: the plan is not ready (deadline ${planDeadlineMs.toFixed(0)} ms).`,
    };
  }

  /** Brakes for as long as an input is missing. */
  #pauseFor({ reason, sentence, ownStop = false }: InputFault): void {
    if (ownStop) {
      this.#motion.leaveToItsStop();
      this.#resyncWanted = true;
    } else this.#motion.brake();
    if (!(this.#state.kind === "holding" && this.#state.reason === reason)) this.#startCold();
    this.#recovering = false;
    this.#state = { kind: "holding", final: false, reason, sentence };
  }

  /** Brakes after a fault of a plan or command; tries again from a cold start while that is allowed. */
  #retry(goal: ActiveGoal, reason: HoldReason, sentence: string): void {
    const { retryAttemptLimit = 2 } = this.#options;
    const final = goal.retries >= retryAttemptLimit;
    if (!final) goal.retries++;
    this.#holdAndStartCold(reason, final ? `${sentence} Given up after ${goal.retries} retries.` : sentence, final);
  }

  /** The search is stuck where it is: brakes, and looks anew with other random numbers and its whole width while that is allowed. */
  #restartStalled(goal: ActiveGoal, energy: number): void {
    const { stallRestartLimit = 4 } = this.#options;
    const final = goal.stalls >= stallRestartLimit;
    if (!final) goal.stalls++;
    const sentence = `Holding: the energy stays at ${energy.toPrecision(3)} and does not fall.`;
    this.#holdAndStartCold("plan_not_improving", final ? `${sentence} Given up after ${goal.stalls} new starts.` : sentence, final);
  }

  #holdAndStartCold(reason: HoldReason, sentence: string, final: boolean): void {
    this.#motion.brake();
    this.#state = { kind: "holding", reason, sentence, final };
    this.#recovering = !final;
    this.#startCold();
  }

  /** The energy has fallen: what went wrong before does not count any more. */
  #forgive(goal: ActiveGoal): void {
    goal.retries = 0;
    goal.stalls = 0;
  }

  /** Forgets plans and the planner's warm start. */
  #startCold(): void {
    this.#forgetPlans();
    this.#goal?.sequence.restart();
    this.#lastAskedAt = undefined;
    this.#options.surprise?.restart();
    this.#options.adapter?.interrupt();
    this.#options.planning.reset(this.#seed++);
  }

  /** What was planned and asked for does not count any more. */
  #forgetPlans(): void {
    this.#unasked = undefined;
    this.#pending.discard();
    this.#queue.clear();
  }

  /** Has a plan made: at once, or when the picture is there that is due. One that is a camera's period older would be of another place of the arm. @param asSent as in UnaskedPlan. */
  #ask(goal: ActiveGoal, committed: Float32Array, sentBefore: number, asSent = false): void {
    const { pictureDueS, planDeadlineMs = this.#defaultDeadlineMs() } = this.#options;
    const waitS = Math.min(pictureDueS?.() ?? 0, WAIT_SHARE * planDeadlineMs / 1000);
    const sinceS = this.#options.clock();
    this.#unasked = { goal, committed, sentBefore, asSent, sinceS, untilS: sinceS + waitS };
    if (!(waitS > 0)) this.#askNow();
  }

  /** Asks for the plan that waits, if one does; never throws. */
  #askNow(): void {
    const unasked = this.#unasked;
    if (unasked === undefined) return;
    this.#unasked = undefined;
    try {
      this.#askFor(unasked, this.#options.clock() - unasked.sinceS);
    } catch (error) {
      this.#failFor(error);
    }
  }

  #askFor({ goal, committed, sentBefore, asSent }: UnaskedPlan, waitedS: number): void {
    const { actionSpace, planTerms, planDeadlineMs = this.#defaultDeadlineMs(), explorationFloor = DEFAULT_EXPLORATION_FLOOR } = this.#options;
    const state = actionSpace.state(this.#joints.value!);
    const { latent, beforeCameraMoved = this.#options.goalsBeforeCameraMoved?.() ?? false } = goal.sequence.current;
    const correction = this.#adapter?.ask(sentBefore, state, asSent ? committed : undefined, !beforeCameraMoved);
    const request: PlanRequest = {
      image: this.#camera.value!,
      state,
      committed,
      goal: latent,
      deadlineMs: planDeadlineMs - 1000 * waitedS,
      shift: this.#lastAskedAt === undefined ? 0 : sentBefore - this.#lastAskedAt,
      explorationScale: goal.stalls > 0 ? 1 : explorationScale(energyShare(goal), explorationFloor),
      ...(planTerms === undefined ? {} : { terms: planTerms(this.#joints.value!) }),
      ...(correction === undefined ? {} : { correction }),
    };
    this.#lastAskedAt = sentBefore;
    this.#pending.start(() => this.#plan(goal, request), { sentBefore, frame: this.#camera.count, waitedS });
  }

  #plan(goal: ActiveGoal, request: PlanRequest): Promise<PlanResult> {
    const { planning, witness, clock } = this.#options;
    if (witness === undefined) return planning.plan(request);
    const { image, state, committed } = request;
    const { positions, velocities } = this.#joints.value!;
    // As they are now: when the answer comes, the goal may be at its next picture.
    const asked = {
      goal: goal.taken, subGoal: goal.sequence.number - 1, askedS: clock(), image, state, committed: committed.length / planning.model.actionDim,
      joints: { positions: positions.slice(), velocities: velocities.slice() },
    };
    return planning.plan(request).then((result) => {
      witness.planned({ ...asked, result });
      return result;
    });
  }

  /** What corrects plans now. */
  get #adapter(): Adapter | undefined {
    const { adapter, adapting } = this.#options;
    return adapting === undefined || adapting() ? adapter : undefined;
  }

  #rest(joints: JointState): Float32Array {
    return this.#restAction(this.#options.actionSpace.state(joints), this.#lastAction);
  }

  /** Puts the setpoint on the measured joints if that was asked for and the robot stands. False when it cannot be. */
  #resync(goal: ActiveGoal, joints: JointState): boolean {
    if (!this.#resyncWanted || !this.#motion.stoodAt(this.#joints.takenS)) return true;
    try {
      this.#motion.resync(joints);
    } catch (error) {
      this.#retry(goal, "tracking_error", `Holding: ${messageOf(error)}`);
      return false;
    }
    this.#resyncWanted = false;
    this.#lastAction = undefined;
    return true;
  }

  /** Does something and publishes the status; an error becomes a hold. */
  #guard(work: () => void): void {
    try {
      work();
      this.#options.ports.publishStatus(this.status);
    } catch (error) {
      this.#failFor(error);
    }
  }

  #failFor(error: unknown): void {
    let sentence = `Holding: an unexpected error: ${messageOf(error)}`;
    this.#goalEra++;
    this.#forgetPlans();
    this.#recovering = false;
    this.#resyncWanted = true;
    try {
      this.#motion.brake();
    } catch (second) {
      // The last trajectory that was sent has its own stop.
      sentence += ` The hold could not be sent: ${messageOf(second)}`;
    }
    // A stop stays a stop.
    if (this.#state.kind !== "stopped") this.#state = { kind: "holding", reason: "internal_error", sentence, final: true };
    try {
      this.#options.ports.publishStatus(this.status);
    } catch {
      // Nobody to tell; `status` has the sentence.
    }
  }

  #refuseUnusable(name: string, latent: Float32Array): void {
    const { latentDim } = this.#options.planning.model;
    if (latent.length !== latentDim || !latent.every(Number.isFinite)) {
      throw new RangeError(`The latent of the goal "${name}" must be ${latentDim} finite numbers.`);
    }
  }

  #refuseWhenStopped(): void {
    if (this.#state.kind === "stopped") throw new Error(`No goal is taken: ${this.#state.sentence}`);
  }

  #defaultDeadlineMs(): number {
    return 800 * this.#options.periodS;
  }
}

function idle(): ControllerState {
  return { kind: "idle", reason: "no_goal", sentence: "Idle: no goal." };
}

/** Share of the present sub-goal's first energy that is left. */
function energyShare({ result, sequence: { startEnergy } }: ActiveGoal): number | undefined {
  if (result === undefined || startEnergy === undefined || !(startEnergy > 0)) return undefined;
  return result.startEnergy / startEnergy;
}

/** 1 is the first of the whole goal. */
function subGoalNumber({ behind, sequence }: ActiveGoal): number {
  return behind + sequence.number;
}

function subGoalCount({ behind, sequence }: ActiveGoal): number {
  return behind + sequence.count;
}

function label(goal: ActiveGoal): string {
  const { name, sequence } = goal;
  return subGoalCount(goal) === 1 ? `"${name}"` : `"${name}" (${subGoalNumber(goal)} of ${subGoalCount(goal)}, "${sequence.current.name}")`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
