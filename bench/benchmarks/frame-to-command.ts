import type { SeenStatus, Stamped } from "./running-graph.js";

/** A picture is seen here and in the controller within this time of each other, s. */
const SEEN_WITHIN_S = 0.005;

/** One command and the picture that it was planned from, ms. */
export interface FrameToCommand {
  /** From the stamp of the picture to the receipt of the command. */
  readonly totalMs: number;
  /** The plan's own time: encoding and searching. */
  readonly planMs: number;
  /** The share of encoding in it. */
  readonly encodeMs: number;
  /** From the plan's end to the step that it was made for: the arm executes the action before meanwhile. */
  readonly waitMs: number;
  /** From the picture's stamp to its receipt: the camera makes it, and the message travels. */
  readonly cameraMs: number;
  /** All else: decoding, the wait for the control step, timers, the command's way. */
  readonly restMs: number;
}

/**
 * What was seen on a graph, command by command. A command at one control step comes from the plan that was asked for at the step before, from the newest
 * picture then; both steps are seen by their commands. Steps that are not one after the other in the same goal, or with a hold between, are left out.
 */
export function framesToCommands(pictures: readonly Stamped[], commands: readonly Stamped[], statuses: readonly SeenStatus[]): FrameToCommand[] {
  const found: FrameToCommand[] = [];
  let before: { readonly status: SeenStatus; readonly command: Stamped } | undefined;
  for (const status of statuses) {
    // The arm held: its next step does not follow the last.
    if (status.state !== "planning") before = undefined;
    if (status.state !== "planning" || status.steps === before?.status.steps && status.goal === before.status.goal) continue;
    // The status of a step follows its command.
    const command = commands.findLast(({ receivedS }) => receivedS <= status.receivedS);
    if (command === undefined) continue;
    const planMs = status.planMs + status.encodeMs;
    if (before !== undefined && before.status.goal === status.goal && status.steps === before.status.steps + 1 && before.status.steps > 0 && command !== before.command && Number.isFinite(planMs)) {
      const { stampS: askedS, receivedS: askedSeenS } = before.command;
      const picture = pictures.findLast(({ receivedS }) => receivedS <= askedSeenS + (status.pictureWaitMs > 0 ? status.pictureWaitMs / 1000 + SEEN_WITHIN_S : 0));
      if (picture !== undefined) {
        const totalMs = 1000 * (command.receivedS - picture.stampS);
        const waitMs = Math.max(0, 1000 * (command.stampS - askedS) - planMs - status.pictureWaitMs);
        const cameraMs = 1000 * (picture.receivedS - picture.stampS);
        found.push({ totalMs, planMs, encodeMs: status.encodeMs, waitMs, cameraMs, restMs: totalMs - planMs - waitMs - cameraMs });
      }
    }
    before = { status, command };
  }
  return found;
}
