import type { Rclnodejs, RclQoS } from "./rclnodejs.js";

/** One way to send messages; all keep the last `depth`. */
export interface QosSpec {
  readonly reliability: "reliable" | "best_effort";
  readonly durability: "volatile" | "transient_local";
  readonly depth: number;
}

/**
 * - `sensor`: only the newest frame matters; takes any publisher.
 * - `latched`: a late subscriber gets the last one.
 * - `command`: an old command must never be replayed.
 * - `events`: none should be lost.
 * - `transforms`: as tf2 has it for what never changes; any number of publishers, each with its last.
 */
export const QOS = {
  sensor: { reliability: "best_effort", durability: "volatile", depth: 1 },
  latched: { reliability: "reliable", durability: "transient_local", depth: 1 },
  command: { reliability: "reliable", durability: "volatile", depth: 1 },
  events: { reliability: "reliable", durability: "volatile", depth: 10 },
  transforms: { reliability: "reliable", durability: "transient_local", depth: 100 },
} as const satisfies Readonly<Record<string, QosSpec>>;

export type QosName = keyof typeof QOS;

export function qosProfile(rcl: Rclnodejs, name: QosName): RclQoS {
  const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rcl.QoS;
  const { reliability, durability, depth }: QosSpec = QOS[name];
  return new rcl.QoS(
    HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    depth,
    reliability === "best_effort" ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
    durability === "transient_local" ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}
