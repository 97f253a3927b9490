import { oneLine } from "../../text/one-line.js";
import { ALLOWED } from "./assess-input.js";
import type { Guard, Motion, Verdict } from "./guard.js";

/**
 * The strictest of all guards' verdicts; of equals the first. A guard that throws, says a scale that is not in 0..1, or slows
 * without a reason, is a halt that names it.
 */
export function worstVerdict(guards: readonly Guard[], motion: Motion): Verdict {
  let worst = ALLOWED;
  for (const guard of guards) {
    const verdict = ask(guard, motion);
    if (verdict.scale < worst.scale) worst = verdict;
  }
  return worst;
}

function ask(guard: Guard, motion: Motion): Verdict {
  try {
    const verdict = guard.assess(motion);
    const { scale } = verdict;
    if (!(scale >= 0 && scale <= 1)) return halt(guard, `said a scale of ${scale}`);
    if (scale < 1 && (verdict.reason === undefined || verdict.sentence === undefined)) return halt(guard, "gave no reason");
    return verdict;
  } catch (error) {
    return halt(guard, `failed: ${oneLine(error)}`);
  }
}

function halt(guard: Guard, what: string): Verdict {
  return { scale: 0, reason: "internal_error", sentence: `Holding: the guard "${guard.name}" ${what}.` };
}
