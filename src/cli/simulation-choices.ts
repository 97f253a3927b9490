// Written out, so that a look at the help loads no simulator; a test holds them against the lists they repeat.
export const TASK_CHOICES = ["reach", "push", "grasp", "reach-with-object", "pick-and-place"] as const;
export const ALL_TASK_CHOICES = [...TASK_CHOICES, "tidy", "clear-table"] as const;
/** How many cells a suite of TASK_CHOICES has. */
export const SUITE_CELLS = 70;
export const ENVIRONMENT_CHOICES = ["plain", "seen", "unseen", "television", "flicker", "shadows"] as const;
export const POLICY_CHOICES = ["jepa", "true-perception", "persistence", "random", "oracle"] as const;
