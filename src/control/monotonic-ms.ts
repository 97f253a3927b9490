/** Milliseconds of a monotonic clock that all threads of the process share; `performance.now()` counts from the start of its own thread. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
