import { goalErrorName } from "../ros/goal-error-code.js";
import { toRosTime, toSeconds } from "../ros/time.js";

import type { ReachGoalImageFeedback, ReachGoalImageGoal, ReachGoalImageResult } from "../ros/messages.js";
import type { RclActionClient } from "../ros/rclnodejs.js";

export interface ReachGoalOptions {
  /** The controller's full name, for messages. */
  readonly node: string;
  /** Energy below which the goal counts as reached; 0: the controller's own. */
  readonly tolerance: number;
  /** Time for the goal, s; 0: none. */
  readonly timeoutS: number;
  /** Told about the way, ten times a second. */
  readonly onProgress: (line: string) => void;
  /** Told the same as numbers. */
  readonly onFeedback?: (feedback: ReachGoalImageFeedback) => void;
  /** Cancels the goal when it is aborted. */
  readonly signal: AbortSignal;
}

/** How a goal of the action ended. */
export interface Reached {
  readonly kind: "reached" | "canceled" | "failed";
  /** One sentence for people. */
  readonly sentence: string;
  /** Why it ended, of the action's codes. */
  readonly code: number;
  /** From acceptance to the end on the clock of control, s. */
  readonly tookS: number;
}

/** What is sent. */
export type GoalEntries = Partial<Pick<ReachGoalImageGoal, "images" | "tolerances" | "grippers" | "latent_names" | "latents" | "encoder_sha256">>;

/** A server that is gone for so long will not send a result, ms. */
const GONE_MS = 3000;

/**
 * Sends a goal through the action and waits for its result.
 *
 * @throws Error with one line when the controller refuses the goal or is gone.
 */
export async function reachGoal(
  client: RclActionClient<ReachGoalImageGoal, ReachGoalImageResult, ReachGoalImageFeedback>,
  entries: GoalEntries,
  { node, tolerance, timeoutS, onProgress, onFeedback, signal }: ReachGoalOptions,
): Promise<Reached> {
  const handle = await orGone(client, node, client.sendGoal(
    {
      goal_names: [], images: [], compressed_images: [], tolerance, tolerances: [], grippers: [], timeout: toRosTime(timeoutS),
      latent_names: [], latents: [], encoder_sha256: "", ...entries,
    },
    (feedback) => {
      onProgress(progressLine(feedback));
      onFeedback?.(feedback);
    },
  ));
  if (!handle.isAccepted()) {
    throw new Error(`${node} refuses the goal: it is not active or stopped; its log says which`);
  }
  const cancel = (): void => { handle.cancelGoal().catch(() => undefined); };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) {
    cancel();
  }
  const result = await orGone(client, node, handle.getResult());
  const measured = `${toSeconds(result.duration).toFixed(1)} s, ${result.steps} ${result.steps === 1 ? "step" : "steps"}${Number.isFinite(result.final_energy) ? `, energy ${result.final_energy.toPrecision(3)}` : ""}`;
  const ended = { code: result.error_code, tookS: toSeconds(result.duration) };
  if (handle.isSucceeded()) {
    return { kind: "reached", sentence: `reached (${measured})`, ...ended };
  }
  return {
    kind: handle.isCanceled() ? "canceled" : "failed",
    sentence: `${goalErrorName(result.error_code)}: ${result.error_msg} (${measured})`, ...ended,
  };
}

function progressLine({ state, sentence, sub_goal, sub_goal_count }: ReachGoalImageFeedback): string {
  return `${sub_goal_count > 1 ? `${sub_goal} of ${sub_goal_count}, ` : ""}${state}: ${sentence}`;
}

/** Waits for an answer of the server, or until the server is gone. */
async function orGone<Answer>(server: { isActionServerAvailable(): boolean }, node: string, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const gone = new Promise<never>((_, reject) => {
    let seenMs = performance.now();
    timer = setInterval(() => {
      if (server.isActionServerAvailable()) {
        seenMs = performance.now();
      } else if (performance.now() - seenMs > GONE_MS) {
        reject(new Error(`${node} is gone; what became of the goal is not known`));
      }
    }, 250);
  });
  try {
    return await Promise.race([answer, gone]);
  } finally {
    clearInterval(timer);
  }
}
