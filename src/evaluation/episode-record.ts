import { z } from "zod";

import { ENVIRONMENT_FAMILIES } from "../../sim/environments/index.js";
import { ALL_TASK_NAMES } from "../../sim/tasks.js";
import { POLICIES } from "./cell.js";

/** What is kept of an episode: one line of a results file. Distances in m, judged by the simulator's truth; times in ms. */
export const episodeRecord = z.strictObject({
  task: z.enum(ALL_TASK_NAMES),
  object: z.enum(["cube", "cup"]).nullable(),
  environment: z.enum(ENVIRONMENT_FAMILIES),
  policy: z.enum(POLICIES),
  seed: z.int(),
  max_steps: z.int(),
  success: z.boolean(),
  start_distance_m: z.number(),
  final_distance_m: z.number(),
  best_distance_m: z.number(),
  /** Of a task with several things to do: how many are done at the end, and how many there are. */
  parts_done: z.int().optional(),
  parts: z.int().optional(),
  /** Actions sent. */
  steps: z.int(),
  sub_goals: z.int(),
  sub_goals_done: z.int(),
  /** How the controller ended: it cannot see the distance, only the energy. */
  ended: z.string(),
  /** Of the picture before each period that had a plan. */
  energies: z.array(z.number()),
  /** Before each period. */
  distances_m: z.array(z.number()),
  plan_ms: z.array(z.number()),
});

export type EpisodeRecord = z.infer<typeof episodeRecord>;
