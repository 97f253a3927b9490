/** Longest time to leave in an orderly way before the process ends all the same, ms, where nothing else is said. */
const LEAVE_WITHIN_MS = 1900;

/**
 * Runs `leave` once at SIGINT or SIGTERM, or when the parent that started this process with a channel is gone, and ends the process with code 0. A process that cannot leave in time is ended
 * with code 1: who sent the signal (ros2 launch sends SIGTERM after 5 s, SIGKILL after 10 s) should not have to wait.
 */
export function onTermination(leave: () => Promise<void> | void, withinMs = LEAVE_WITHIN_MS): void {
  let leaving = false;
  const end = (): void => {
    if (leaving) {
      return;
    }
    leaving = true;
    endAfter(leave, 0, withinMs);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // Started by `jepa-mpc demo`, which is gone.
  process.on("disconnect", end);
}

/**
 * Runs `leave` and ends the process with a code, with 1 when that fails or takes too long. A process with a node on the graph must not end without it: the
 * middleware's threads, torn down under the thread that spins, now and then take the process down with a signal instead of the code.
 */
export function endAfter(leave: () => Promise<void> | void, code: number, withinMs = LEAVE_WITHIN_MS): void {
  setTimeout(() => { process.exit(1); }, withinMs).unref();
  Promise.resolve().then(leave).then(() => { process.exit(code); }, (error: unknown) => {
    process.stderr.write(`while leaving: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
