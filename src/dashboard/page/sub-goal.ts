import type { GoalStep, GoalSummary, StatusMessage } from "../messages.js";

type GoingFor = Pick<StatusMessage, "goal" | "subGoal">;

/** "2 of 3: left", or undefined for a goal of one picture. */
export function subGoalText({ subGoal }: GoingFor): string | undefined {
  return subGoal === undefined ? undefined : `${subGoal.number} of ${subGoal.count}: ${subGoal.name}`;
}

/** The step that is being gone for of a sequence of this library; undefined where the goal is none, or the sequence is not the one that the controller read. */
export function currentStep(goals: readonly GoalSummary[], { goal, subGoal }: GoingFor): GoalStep | undefined {
  const steps = goals.find(({ name }) => name === goal)?.steps;
  if (steps === undefined || steps.length !== (subGoal?.count ?? 1)) return undefined;
  const step = steps[(subGoal?.number ?? 1) - 1];
  return subGoal === undefined || step?.name === subGoal.name ? step : undefined;
}
