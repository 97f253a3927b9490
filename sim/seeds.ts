/** World seeds from here on are kept for tasks; training never sees them. */
export const FIRST_HELD_OUT_SEED = 1_000_000;
