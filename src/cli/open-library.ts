import type { GoalLibrary } from "../goals/goal-library.js";

/** Yargs option of all commands that know goals by name. */
export const GOALS_DIR_OPTION = {
  type: "string",
  requiresArg: true,
  describe: "Folder of the goal library [default: $JEPA_MPC_GOALS, else ~/.local/share/jepa-mpc/goals]",
} as const;

/** The library, loaded late: `--help` and `doctor` must work where the picture library cannot be loaded. */
export async function openLibrary(option: string | undefined): Promise<GoalLibrary> {
  const [{ GoalLibrary }, { goalsDir }] = await Promise.all([import("../goals/goal-library.js"), import("../goals/goals-dir.js")]);
  return new GoalLibrary(goalsDir(option));
}
