import type { Guard, Motion, Verdict } from "./guard.js";

/** The smallest scale of all guards with its reason. A guard that fails, or says what is no share, halts. */
export function worstVerdict(guards: readonly Guard[], motion: Motion): Verdict {
  let worst: Verdict = { scale: 1 };
  for (const guard of guards) {
    const verdict = ask(guard, motion);
    if (verdict.scale < worst.scale) worst = verdict;
  }
  return worst;
}

function ask(guard: Guard, motion: Motion): Verdict {
  try {
    const verdict = guard.assess(motion);
    if (verdict.scale >= 0 && verdict.scale <= 1) return verdict;
    return { scale: 0, reason: "internal_error", sentence: `Holding: the guard "${guard.name}" answered ${verdict.scale}.` };
  } catch (error) {
    return { scale: 0, reason: "internal_error", sentence: `Holding: the guard "${guard.name}" failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
