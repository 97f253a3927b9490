import type { Rclnodejs, RclQoS } from "./rclnodejs.js";

/**
 * - `sensor`: best effort, keep last 1 (only the newest frame matters; takes any publisher).
 * - `latched`: reliable, transient local, depth 1 (a late subscriber gets the last one).
 * - `command`: reliable, volatile, depth 1 (an old command must never be replayed).
 * - `events`: reliable, volatile, depth 10.
 */
export type QosName = "sensor" | "latched" | "command" | "events";

export function qosProfile(rcl: Rclnodejs, name: QosName): RclQoS {
  const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rcl.QoS;
  return new rcl.QoS(
    HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    name === "events" ? 10 : 1,
    name === "sensor" ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
    name === "latched" ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}
