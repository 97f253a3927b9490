import { z } from "zod";

import { refusal } from "../text/refusal.js";
import { isEpisodeId } from "./episode-id.js";

import type { EpisodeHeader, EpisodeOutcome } from "./episode.js";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in hexadecimal");
const names = z.array(z.string());

/** The header as it is in a file; latents and pictures of the goals are messages. */
const HEADER = z.object({
  schema_version: z.literal(1),
  id: z.string().refine(isEpisodeId, "is not an episode's id, such as 20261123T044012.345Z-1a2b3c"),
  started_at: z.iso.datetime(),
  source: z.enum(["robot", "simulation"]),
  bundle: z.object({ name: z.string(), encoder_sha256: sha256, rollout_sha256: sha256 }),
  calibration: z.string().optional(),
  period_s: z.number().positive(),
  action_names: names.min(1),
  state_names: names,
  joint_names: names,
  goal: z.string(),
  sub_goals: names.min(1),
  reached_below: z.number(),
});

const OUTCOME = z.object({
  schema_version: z.literal(1),
  kind: z.enum(["reached", "held", "stopped", "replaced", "interrupted"]),
  sentence: z.string(),
  hold_reason: z.string().optional(),
  steps: z.int().nonnegative(),
  dropped_steps: z.int().nonnegative().optional(),
  ended_at: z.iso.datetime(),
  truth: z.object({ success: z.boolean(), final_distance_m: z.number() }).optional(),
});

/** A header whose goals are still without their latents. */
export type NamedHeader = Omit<EpisodeHeader, "subGoals"> & { readonly subGoalNames: readonly string[] };

export function formatHeader(header: EpisodeHeader): string {
  return JSON.stringify({
    schema_version: 1, id: header.id, started_at: header.startedAt, source: header.source,
    bundle: { name: header.bundle.name, encoder_sha256: header.bundle.encoderSha256, rollout_sha256: header.bundle.rolloutSha256 },
    ...(header.calibration === undefined ? {} : { calibration: header.calibration }),
    period_s: header.periodS, action_names: header.actionNames, state_names: header.stateNames, joint_names: header.jointNames,
    goal: header.goal, sub_goals: header.subGoals.map(({ name }) => name), reached_below: header.reachedBelow,
  });
}

/** @throws Error with one line naming the file, the field and its value. */
export function parseHeader(text: string, file: string): NamedHeader {
  const h = parse(HEADER, text, file, "header");
  return {
    id: h.id, startedAt: h.started_at, source: h.source,
    bundle: { name: h.bundle.name, encoderSha256: h.bundle.encoder_sha256, rolloutSha256: h.bundle.rollout_sha256 },
    ...(h.calibration === undefined ? {} : { calibration: h.calibration }),
    periodS: h.period_s, actionNames: h.action_names, stateNames: h.state_names, jointNames: h.joint_names,
    goal: h.goal, subGoalNames: h.sub_goals, reachedBelow: h.reached_below,
  };
}

export function formatOutcome(outcome: EpisodeOutcome): string {
  const { kind, sentence, holdReason, steps, droppedSteps, endedAt, truth } = outcome;
  return JSON.stringify({
    schema_version: 1, kind, sentence, ...(holdReason === undefined ? {} : { hold_reason: holdReason }), steps,
    ...(droppedSteps === undefined ? {} : { dropped_steps: droppedSteps }), ended_at: endedAt,
    ...(truth === undefined ? {} : { truth: { success: truth.success, final_distance_m: truth.finalDistanceM } }),
  });
}

/** @throws Error with one line naming the file, the field and its value. */
export function parseOutcome(text: string, file: string): EpisodeOutcome {
  const o = parse(OUTCOME, text, file, "outcome");
  return {
    kind: o.kind, sentence: o.sentence, ...(o.hold_reason === undefined ? {} : { holdReason: o.hold_reason }), steps: o.steps,
    ...(o.dropped_steps === undefined ? {} : { droppedSteps: o.dropped_steps }), endedAt: o.ended_at,
    ...(o.truth === undefined ? {} : { truth: { success: o.truth.success, finalDistanceM: o.truth.final_distance_m } }),
  };
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${file} is damaged: its ${what} is not JSON`);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw new Error(`${file} is damaged: in its ${what}, ${refusal(result.error.issues[0]!, json, "it")}`);
  return result.data;
}
