import { z } from "zod";

/** As many sub-goals as the action takes (MAX_SUB_GOALS). */
export const MAX_SEQUENCE = 32;

/** `sequence.json`. */
export const SEQUENCE_FILE = z.object({
  schema_version: z.literal(1),
  name: z.string(),
  /** ISO 8601, UTC. */
  created: z.iso.datetime(),
  /** In the order in which they are gone for. */
  goals: z.array(z.strictObject({
    /** Name of a goal of the same library. */
    goal: z.string(),
    /** Energy below which this sub-goal counts as reached; left out: what is given with the goal, or the controller's own. */
    tolerance: z.number().positive("must be above 0").optional(),
  })).min(1, "must have at least one goal").max(MAX_SEQUENCE, `must have at most ${MAX_SEQUENCE} goals`),
});

export type SequenceFile = z.infer<typeof SEQUENCE_FILE>;
