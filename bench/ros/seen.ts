/** Something that an rclpy script saw; `t` is CLOCK_MONOTONIC, s. */
export interface Seen {
  readonly event: string;
  readonly t: number;
  readonly [field: string]: unknown;
}

/** The controller's ~/status. */
export interface SeenStatus extends Seen {
  readonly level: number;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
}

export function isStatus(seen: Seen): seen is SeenStatus {
  return seen.event === "status";
}
