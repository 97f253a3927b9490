import { rounded } from "./rounded.js";
import { LEVEL } from "./status-message.js";

import type { TermStatistics } from "../planner/index.js";
import type { DiagnosticStatusMessage } from "./messages.js";

/** diagnostic_msgs/DiagnosticStatus of what each objective term did to a plan. Values that are not known are left out. */
export function objectiveMessage(terms: readonly TermStatistics[], nodeName: string, hardwareId: string): DiagnosticStatusMessage {
  const emptied = terms.find(({ nonFinite, candidates }) => candidates > 0 && nonFinite === candidates);
  const shares = terms.flatMap(({ name, share }) => share === undefined ? [] : [`${name} ${(100 * share).toFixed(0)} %`]);
  return {
    level: emptied === undefined ? LEVEL.ok : LEVEL.warn,
    name: `${nodeName}: objective`,
    message: emptied === undefined ? shares.join(", ") : `${emptied.name} rules out every candidate`,
    hardware_id: hardwareId,
    values: terms.flatMap(({ name, weight, mean, best, share, nonFinite, candidates }) => Object.entries({
      weight: rounded(weight), mean: rounded(mean), best: rounded(best), share: rounded(share), non_finite: String(nonFinite), candidates: String(candidates),
    }).flatMap(([key, value]) => value === undefined ? [] : [{ key: `${name}.${key}`, value }])),
  };
}
