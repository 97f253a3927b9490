import { homedir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { oneLine } from "../../src/text/one-line.js";
import { isStatus, type Seen, type SeenStatus } from "../ros/seen.js";
import type { Fault, MotionFault, Recovery, StartFault } from "./fault.js";
import { isTrajectory, isTruth, monotonicS, type SeenTruth } from "./proxy.js";
import { DEFAULT_SETUP, type Rig } from "./rig.js";
import { checkPositions, checkTrajectories, type WireShares } from "./wire-check.js";

/** What a fault did. */
export interface Outcome {
  readonly fault: Fault;
  /** What is not as the catalogue says, one sentence each; empty when all is. */
  readonly problems: readonly string[];
  /** What came first: the hold's reason, or how the process ended. */
  readonly sign?: string;
  /** The controller's sentence for it. */
  readonly sentence?: string;
  /** From the fault to that (s). */
  readonly signS?: number;
  /** From the fault to an arm that stands (s). */
  readonly stillS?: number;
  readonly recovery?: Recovery | "none";
  readonly wire?: WireShares;
  /** Largest share of an arm joint's speed limit that was measured at the robot; a gripper that closes on nothing is not looked at. */
  readonly fastest?: number;
}

export interface RunOptions {
  /** Times longer than the catalogue's `withinS` a sign may take: for machines with other work. */
  readonly slack: number;
  /**
   * Whether acceleration and jerk are judged, too (default true): on a busy machine a stamp may be some tenths of a millisecond off, which on a
   * stop of a few milliseconds is a large share.
   */
  readonly judgeAcceleration?: boolean;
}

/** So long a sign or a recovery is waited for (s). */
const PATIENCE_S = 20;
/** An arm that stands for so long has stopped (s). */
const STILL_S = 0.3;
/** An arm joint that stays within this of a place stands there (rad): simulated and real drives tremble a little. */
const STILL_RAD = 0.004;
/** An arm joint that goes farther than this from where it stood has moved (rad). */
const MOVED_RAD = 0.02;
/** Unless the catalogue says otherwise, the fault lasts this long after the arm stands, to see that nothing moves (s). */
const LINGER_S = 0.7;
/** Rounding, and what the clock of a stamp and that of the command differ by, in shares of a limit. */
const TIMING = 0.02;
/** A joint may be sent so far outside its limits by rounding (rad or m). */
const ROUNDING = 1e-6;
/** Steps after which a fault that should do nothing has done nothing. */
const STEPS_UNAFFECTED = 3;

/** Makes a fault happen and measures what comes of it. Never rejects for what the controller does. */
export function runFault(rig: Rig, fault: Fault, options: RunOptions): Promise<Outcome> {
  return fault.kind === "at_start" ? runStartFault(rig, fault, options) : runMotionFault(rig, fault, options);
}

async function runStartFault(rig: Rig, fault: StartFault, { slack }: RunOptions): Promise<Outcome> {
  await rig.endController();
  rig.proxy.forget();
  const parameters = await fault.parameters(rig);
  const startS = monotonicS();
  const controller = rig.startController(parameters, false);
  const ended = await controller.ended;
  const signS = monotonicS() - startS;
  const commands = rig.proxy.seen.filter(isTrajectory).length;
  const problems = [
    ...(ended === "ended with code 1" ? [] : [`it ${ended} instead of code 1`]),
    ...(fault.says.test(controller.lastLine) ? [] : [`its last line does not say ${String(fault.says)}`]),
    ...(commands === 0 ? [] : [`${commands} commands were sent`]),
    ...late(signS, fault.withinS, slack),
  ];
  return { fault, problems, sign: ended, sentence: shortened(controller.lastLine, rig), signS, recovery: "after a restart" };
}

async function runMotionFault(rig: Rig, fault: MotionFault, { slack, judgeAcceleration = true }: RunOptions): Promise<Outcome> {
  const { proxy } = rig;
  await rig.ready({ ...DEFAULT_SETUP, ...fault.setup });
  await fault.prepare?.(rig);
  proxy.forget();
  const start = await rig.move();
  const controller = rig.controller;
  const logBefore = rig.log.length;
  const stepsBefore = stepsOf(lastStatus(rig));
  const faultS = monotonicS();
  let said = "";
  const injected = Promise.resolve(fault.inject(rig)).then((words) => { said = typeof words === "string" ? words : ""; });
  injected.catch(() => undefined);

  const sign = await firstSign(rig, fault, faultS, stepsBefore);
  const stillS = fault.expect === "nothing" ? undefined : await standstill(rig, faultS, fault.keepsMoving === true ? 2 : PATIENCE_S);
  if (fault.expect !== "nothing") await sleep((fault.lastsS ?? LINGER_S) * 1000);
  const movedAgain = stillS !== undefined && movedSince(rig, faultS + stillS);
  await injected;
  const { log } = rig;
  const words = `${sign?.what ?? ""}\n${said}\n${log.slice(logBefore)}\n${statusesFrom(rig, faultS).map(({ message }) => message).join("\n")}`;

  const healS = monotonicS();
  rig.healInputs();
  await fault.heal?.(rig);
  const endedItself = await Promise.race([controller.ended.then(() => true), sleep(100).then(() => false)]);
  const seenUntilHealed = [...proxy.seen];
  const { recovery, untilS, because } = await recover(rig, fault, sign, healS, endedItself);
  await rig.tidy();

  const seen = (recovery === "after a restart" ? seenUntilHealed : proxy.seen).filter(({ t }) => t <= untilS);
  const wire = wireOf(rig, seen, start);
  // Before the fault the arm is put to its start, which is no motion.
  const fastest = Math.max(0, ...seen.filter(isTruth).filter(({ t }) => t >= faultS).flatMap(({ names, velocities }) =>
    rig.inOrder(names, velocities).map((velocity, j) => rig.isArm(rig.limits[j]!.name) ? Math.abs(velocity) / rig.limits[j]!.maxVelocity : 0)));
  const problems = [
    ...(fault.says === undefined || fault.says.test(words) ? [] : [`nothing says ${String(fault.says)}`]),
    ...signProblems(fault, sign, faultS, slack),
    ...(fault.expect !== "nothing" && (stillS === undefined) !== (fault.keepsMoving === true) ? [stillS === undefined ? "the arm does not come to rest" : "the arm comes to rest"] : []),
    ...(movedAgain && fault.triesMeanwhile !== true ? ["the arm moves again while the fault lasts"] : []),
    ...(recovery === fault.recovery ? [] : [`it came back ${recovery}, not ${fault.recovery}${because === undefined ? "" : `: ${because}`}`]),
    ...limitProblems(wire, judgeAcceleration ? TIMING : Infinity),
  ];
  const sentence = fault.says === undefined || fault.expect === "ends" ? sign?.sentence : lineOf(words, fault.says) ?? sign?.sentence;
  return {
    fault, problems, recovery, fastest, ...(wire === undefined ? {} : { wire }),
    ...(sign === undefined ? {} : { sign: sign.what, signS: sign.atS - faultS }),
    ...(sentence === undefined ? {} : { sentence: shortened(sentence, rig) }),
    ...(stillS === undefined ? {} : { stillS }),
  };
}

interface Sign {
  readonly what: string;
  readonly atS: number;
  readonly sentence?: string;
}

/** What comes first of what is expected; for faults that should do nothing any hold, when there is one. */
async function firstSign(rig: Rig, fault: MotionFault, faultS: number, stepsBefore: number): Promise<Sign | undefined> {
  const { proxy } = rig;
  if (fault.expect === "ends") {
    const what = await Promise.race([rig.controller.ended, sleep(PATIENCE_S * 1000).then(() => undefined)]);
    return what === undefined ? undefined : { what, atS: monotonicS(), ...lastSentence(rig, faultS) };
  }
  const { expect } = fault;
  const holds = (status: SeenStatus): boolean => status.values["state"] === "holding" || status.values["state"] === "stopped";
  const fits = expect === "nothing"
    // Far enough on its way, there, or stopped by something after all.
    ? (status: SeenStatus) => holds(status) || status.values["state"] === "reached" || stepsOf(status) >= stepsBefore + STEPS_UNAFFECTED
    : (status: SeenStatus) => holds(status) && expect.includes(status.values["hold_reason"]!);
  const status = await proxy.waitFor<SeenStatus>((seen) => isStatus(seen) && fits(seen), "", faultS, PATIENCE_S * 1000).catch(() => undefined);
  const other = status ?? statusesFrom(rig, faultS).find(holds);
  if (other === undefined || (expect === "nothing" && !holds(other))) return undefined;
  return { what: other.values["hold_reason"] ?? other.values["state"] ?? "", atS: other.t, sentence: other.message };
}

/** From the fault to the moment from which the arm stands (s). */
async function standstill(rig: Rig, faultS: number, patienceS: number): Promise<number | undefined> {
  const endS = monotonicS() + patienceS;
  for (;;) {
    const truths = rig.proxy.seen.filter(isTruth).filter(({ t }) => t >= faultS);
    const newest = truths.at(-1);
    const lastMoving = newest && truths.findLast((truth) => farthest(rig, truth, newest) > STILL_RAD);
    const sinceS = lastMoving?.t ?? faultS;
    if (newest !== undefined && newest.t - sinceS >= STILL_S) return sinceS - faultS;
    if (monotonicS() > endS) return undefined;
    await sleep(20);
  }
}

/** Whether the arm has left the place where it stood at a time. */
function movedSince(rig: Rig, stoodS: number): boolean {
  const after = rig.proxy.seen.filter(isTruth).filter(({ t }) => t > stoodS + ROUNDING);
  return after.some((truth) => farthest(rig, truth, after[0]!) > MOVED_RAD);
}

/** How far the farthest arm joint of one moment is from the other (rad). */
function farthest(rig: Rig, one: SeenTruth, other: SeenTruth): number {
  return Math.max(...one.positions.map((position, j) => rig.isArm(one.names[j]!) ? Math.abs(position - other.positions[j]!) : 0));
}

/** Lets the controller come back, with as little help as it needs. @returns how, and until when its commands count as its own doing. */
async function recover(
  rig: Rig, fault: MotionFault, sign: Sign | undefined, healS: number, ended: boolean,
): Promise<{ readonly recovery: Recovery | "none"; readonly untilS: number; /** Why it did not come back. */ readonly because?: string }> {
  const { proxy } = rig;
  if (!ended) {
    const before = lastStatus(rig);
    const goal = before?.values["goal"];
    const goesOn = (seen: Seen): boolean => isStatus(seen) && seen.values["goal"] === goal
      && (seen.values["state"] === "reached" || (seen.values["state"] === "planning" && stepsOf(seen) > stepsOf(before)));
    if (fault.expect === "nothing" && sign === undefined) return { recovery: "unaffected", untilS: healS };
    const isFinal = (): boolean => lastStatus(rig)?.values["final"] === "true" && lastStatus(rig)?.values["state"] !== "reached";
    const endS = healS + PATIENCE_S;
    while (monotonicS() < endS) {
      if (await proxy.comes(goesOn, healS, 0.5)) return { recovery: "by itself", untilS: monotonicS() + 0.5 };
      // A final hold ends only by a reset; a little later it is sure that nothing moves by itself.
      if (isFinal() && monotonicS() > healS + 1.5) break;
    }
    const untilS = monotonicS();
    try {
      await proxy.call("Trigger", "/jepa_mpc/reset");
      await rig.goOn();
      return { recovery: "after a reset", untilS };
    } catch {
      // Only a new process helps.
    }
  }
  const untilS = monotonicS();
  await rig.endController();
  try {
    await rig.ready({ ...DEFAULT_SETUP, ...fault.setup });
    await rig.move();
    return { recovery: "after a restart", untilS };
  } catch (error) {
    return { recovery: "none", untilS, because: oneLine(error) };
  }
}

function wireOf(rig: Rig, seen: readonly Seen[], start: readonly number[]): WireShares | undefined {
  const forward = rig.setup.parameters["command_interface"];
  if (forward === "forward_velocity") return undefined;
  if (forward === "forward_position") {
    return checkPositions(seen.filter(({ event }) => event === "positions").map(({ t, data }) => ({ t, data: data as number[] })), 50, rig.limits);
  }
  // Ours have accelerations; the foreign one of the catalogue has none.
  return checkTrajectories(seen.filter(isTrajectory).filter(({ points }) => points.every(({ accelerations }) => accelerations.length > 0)), start, rig.limits);
}

function signProblems(fault: MotionFault, sign: Sign | undefined, faultS: number, slack: number): string[] {
  if (fault.expect === "nothing") return sign === undefined ? [] : [`the arm stops: ${sign.what}`];
  if (sign === undefined) return [`nothing is seen of it within ${PATIENCE_S} s`];
  if (fault.expect !== "ends" && !fault.expect.includes(sign.what)) return [`it holds for ${sign.what} instead of ${fault.expect.join(" or ")}`];
  return late(sign.atS - faultS, fault.withinS, slack);
}

function late(tookS: number, withinS: number, slack: number): string[] {
  return tookS <= withinS * slack ? [] : [`it took ${tookS.toFixed(2)} s, not ${(withinS * slack).toFixed(2)} s`];
}

function limitProblems(wire: WireShares | undefined, tolerance: number): string[] {
  if (wire === undefined) return [];
  const { velocity, acceleration, jerk, outside, malformed } = wire;
  return [
    ...(velocity > 1 + TIMING ? [`a command has ${(100 * velocity).toFixed(0)} % of a speed limit`] : []),
    ...(acceleration > 1 + tolerance ? [`a command has ${(100 * acceleration).toFixed(0)} % of an acceleration limit`] : []),
    ...(jerk > 1 + tolerance ? [`a command has ${(100 * jerk).toFixed(0)} % of a jerk limit`] : []),
    ...(outside > ROUNDING ? [`a command leads ${outside.toFixed(4)} outside a position limit`] : []),
    ...(malformed > 0 ? [`${malformed} commands are malformed`] : []),
  ];
}

function statusesFrom(rig: Rig, fromS: number): SeenStatus[] {
  return rig.proxy.seen.filter(isStatus).filter(({ t }) => t >= fromS);
}

function lastStatus(rig: Rig): SeenStatus | undefined {
  return rig.proxy.seen.findLast(isStatus);
}

function lastSentence(rig: Rig, faultS: number): { sentence?: string } {
  const last = statusesFrom(rig, faultS).at(-1);
  return last === undefined || last.values["state"] === "planning" ? {} : { sentence: last.message };
}

function stepsOf(status: SeenStatus | undefined): number {
  return Number(status?.values["steps"] ?? 0);
}

function lineOf(text: string, pattern: RegExp): string | undefined {
  // Without the logger's own words in front.
  return text.split("\n").find((line) => pattern.test(line))?.replace(/^.*\[(jepa_mpc|rival)\]:? */, "");
}

/** Without names that are others in each run. */
function shortened(sentence: string, rig: Rig): string {
  return sentence.replaceAll(rig.folder, "…").replaceAll(homedir(), "~").replace(/bundle-[\d.]+/, "bundle").replace(/^.*\[jepa_mpc\]:? */, "").trim();
}
