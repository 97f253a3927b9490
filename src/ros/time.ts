import type { RosTime } from "./rclnodejs.js";

/** Seconds as sec + nanosec; nanosec stays in [0, 1e9) for negative durations too. */
export function toRosTime(seconds: number): RosTime {
  let sec = Math.floor(seconds);
  let nanosec = Math.round((seconds - sec) * 1e9);
  if (nanosec >= 1_000_000_000) {
    sec += 1;
    nanosec -= 1_000_000_000;
  }
  return { sec, nanosec };
}

/** Seconds of a time or duration; exact to about 0.2 µs for today's dates. */
export function toSeconds(time: RosTime): number {
  return time.sec + time.nanosec * 1e-9;
}
