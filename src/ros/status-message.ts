import { rounded } from "./rounded.js";

import type { ControllerStatus } from "../control/status.js";
import type { DiagnosticStatusMessage, KeyValue } from "./messages.js";

export const LEVEL = { ok: 0, warn: 1, error: 2, stale: 3 } as const;

/** diagnostic_msgs/DiagnosticStatus of the controller. Values that are not known are left out. */
export function statusMessage(status: ControllerStatus, nodeName: string, hardwareId: string): DiagnosticStatusMessage {
  const known: readonly (readonly [key: string, value: string | number | undefined])[] = [
    ["state", status.state],
    ["hold_reason", status.holdReason],
    ["final", String(status.final)],
    ["goal", status.goalName],
    ["sub_goal", status.subGoal?.name],
    ["sub_goal_number", status.subGoal?.number],
    ["sub_goals", status.subGoal?.count],
    ["energy", rounded(status.energy)],
    ["start_energy", rounded(status.startEnergy)],
    ["energy_share", rounded(status.energyShare)],
    ["plan_ms", rounded(status.planMs)],
    ["encode_ms", rounded(status.encodeMs)],
    ["answer_ms", rounded(status.answerMs)],
    ["picture_wait_ms", rounded(status.pictureWaitMs)],
    ["iterations", status.iterations],
    ["candidates", status.candidates],
    ["recalled", status.recalled],
    ["speed_scale", rounded(status.speedScale)],
    ["surprise_prediction", rounded(status.surprise?.prediction)],
    ["surprise_arm", rounded(status.surprise?.arm)],
    ["surprise_picture", rounded(status.surprise?.picture)],
    ["surprise_energy", rounded(status.surprise?.energy)],
    ["adaptation_steps", status.adaptation?.steps],
    ...(status.adaptation?.axes ?? []).flatMap(({ name, gain, carry, biasM, offsetM }) => [
      [`adaptation_gain_${name}`, rounded(gain)], [`adaptation_carry_${name}`, rounded(carry)], [`adaptation_bias_m_${name}`, rounded(biasM)], [`adaptation_offset_m_${name}`, rounded(offsetM)],
    ] as const),
    ["steps", status.steps],
    ["overruns", status.overruns],
    ["retries", status.retries],
    // Of the plan that is followed; the goal energy has its own values above.
    ...(status.terms ?? []).slice(1).map(({ name, best }) => [`term.${name}`, rounded(best)] as const),
  ];
  return {
    level: levelOf(status),
    name: `${nodeName}: ${status.state}`,
    message: status.sentence,
    hardware_id: hardwareId,
    values: known.flatMap(([key, value]): KeyValue[] => value === undefined ? [] : [{ key, value: String(value) }]),
  };
}

/** A status like those of the controller, for when there is none. */
export function plainStatusMessage(state: string, sentence: string, level: number, nodeName: string, hardwareId: string): DiagnosticStatusMessage {
  return { level, name: `${nodeName}: ${state}`, message: sentence, hardware_id: hardwareId, values: [{ key: "state", value: state }] };
}

function levelOf({ state, final }: ControllerStatus): number {
  switch (state) {
    case "idle":
    case "planning":
    case "reached":
      return LEVEL.ok;
    case "waiting_for_inputs":
    case "stopped":
      return LEVEL.warn;
    case "holding":
      return final ? LEVEL.error : LEVEL.warn;
  }
}
