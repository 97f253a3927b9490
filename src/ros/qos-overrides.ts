import type { ParameterSpecs, ParameterValues } from "./parameter-spec.js";
import type { Rclnodejs, RclQoS } from "./rclnodejs.js";
import { QOS, type QosName } from "./qos.js";

export type Endpoint = "publisher" | "subscription";

/**
 * The parameters `qos_overrides.<topic>.<publisher|subscription>.{reliability,history,depth,durability}` of one end of a topic, as
 * other client libraries have them.
 *
 * @param topic full name, after remapping. @param qos what holds where nothing is overridden.
 */
export function qosOverrideParameters(topic: string, endpoint: Endpoint, qos: QosName): ParameterSpecs {
  const { reliability, depth, durability } = QOS[qos];
  const of = `of the ${endpoint} on \`${topic}\``;
  const prefix = overridePrefix(topic, endpoint);
  return {
    [`${prefix}.reliability`]: { type: "string", default: reliability, choices: ["reliable", "best_effort"], changes: "static", description: `Reliability ${of}.` },
    [`${prefix}.history`]: { type: "string", default: "keep_last", choices: ["keep_last", "keep_all"], changes: "static", description: `History ${of}.` },
    [`${prefix}.depth`]: { type: "integer", default: depth, range: [1, 10_000], changes: "static", description: `Messages kept ${of}.` },
    [`${prefix}.durability`]: { type: "string", default: durability, choices: ["volatile", "transient_local"], changes: "static", description: `Durability ${of}.` },
  };
}

/** The profile that the values of these parameters make. */
export function overriddenQos(rcl: Rclnodejs, topic: string, endpoint: Endpoint, values: ParameterValues<ParameterSpecs>): RclQoS {
  const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rcl.QoS;
  const prefix = overridePrefix(topic, endpoint);
  return new rcl.QoS(
    values[`${prefix}.history`] === "keep_all" ? HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_ALL : HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    values[`${prefix}.depth`] as number,
    values[`${prefix}.reliability`] === "best_effort" ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
    values[`${prefix}.durability`] === "transient_local" ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}

function overridePrefix(topic: string, endpoint: Endpoint): string {
  return `qos_overrides.${topic}.${endpoint}`;
}
