import type { Random } from "../../sim/random.js";
import type { Player } from "../../sim/shard.js";
import type { PlanningService } from "../control/planning-service.js";

/** Periods that are played towards one imagined goal at most, and without any fall of its energy. */
const PATIENCE = 24;
const STALLED_AFTER = 8;
/** Of the actions so many are another one than the planned, as long as the longest step: what the plan would never do is worth seeing, too. */
const OWN_WILL = 0.05;

export interface PlanningPlayerOptions {
  readonly planning: PlanningService;
  readonly actionLow: ArrayLike<number>;
  readonly actionHigh: ArrayLike<number>;
  /** Energy below which a goal is reached. */
  readonly reachedBelow: number;
  /** Imagines the next goal from the latent of the present picture. */
  readonly imagine: (latent: Float32Array) => Float32Array;
  readonly random: Random;
}

/**
 * Plays by planning towards goals of its own, one after the other: it comes to where the planner believes that something will happen, and what really happens is
 * what the next model learns from (as in dataset aggregation, Ross et al. 2011, without an expert). The picture at the start of a period gives the action of the
 * next one, as in the controller.
 */
export function planningPlayer({ planning, actionLow, actionHigh, reachedBelow, imagine, random }: PlanningPlayerOptions): Player {
  let goal: Float32Array | undefined;
  let next: Float32Array | undefined;
  let periods = 0;
  let best = Infinity;
  let bestAt = 0;
  planning.reset(random.below(2 ** 30));
  return async (world, image) => {
    if (goal === undefined) {
      goal = imagine(await planning.encode(image));
      next = undefined;
      periods = bestAt = 0;
      best = Infinity;
      planning.reset(random.below(2 ** 30));
    }
    const state = world.actions.state(world.jointState());
    // An action that leaves the tool and the gripper where they are, at the start.
    const action = next ?? Float32Array.from([0, 0, 0, state[3]! / 0.08 > 0.5 ? 1 : 0]);
    if (random.uniform() < OWN_WILL) for (let i = 0; i < 3; i++) action[i] = random.uniform(actionLow[i], actionHigh[i]);
    const { actions, startEnergy } = await planning.plan({
      image, state, committed: action, goal, deadlineMs: Infinity, shift: periods === 0 ? 0 : 1, explorationScale: 1,
    });
    next = actions.slice(action.length, 2 * action.length);
    periods++;
    if (startEnergy < 0.95 * best) [best, bestAt] = [startEnergy, periods];
    if (startEnergy < reachedBelow || periods >= PATIENCE || periods - bestAt >= STALLED_AFTER) goal = undefined;
    return action;
  };
}
