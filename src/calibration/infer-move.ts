import type { Displacement } from "./fit-turn.js";

/** Scores sequences of actions as a world model does. @param actions row-major [count, horizon, actionDim]. @returns energies [count, horizon]. */
export type ScoreActions = (actions: Float32Array, count: number) => Promise<Float32Array>;

/** What of a bundle the search for a move needs. */
export interface MoveModel {
  readonly horizon: number;
  readonly action: { readonly names: readonly string[]; readonly low: readonly number[]; readonly high: readonly number[] };
}

export interface InferMoveOptions {
  /** Energies after each step against the picture after the move, from the picture before it. */
  readonly score: ScoreActions;
  /** The action that leaves the robot where it is, [actionDim]: what the move leaves alone. */
  readonly rest: Float32Array;
  /** How far the move led, m: decides how many steps it is given. */
  readonly distanceM: number;
  /** Points along each axis of the grid. Default 9. */
  readonly points?: number;
  /** Times that the grid is drawn closer. Default 6. */
  readonly rounds?: number;
}

/** What the model takes a move for. */
export interface InferredMove {
  /** In the model's axes, m. */
  readonly displacement: Displacement;
  /** The lowest energy, and that of no move: how much the move explains. */
  readonly energy: number;
  readonly restEnergy: number;
  /** The lowest point lies on the border of what the model can do: the move is at least so long. */
  readonly atBorder: boolean;
}

/** Room for a model that takes a move for a longer one. */
const MOST_STRETCH = 1.6;
/** A grid shrinks to this share, so that a best point between two grids is not lost. */
const SHRINK = 0.45;

/** The longest move that a model can be asked about, m: all its steps, with room for taking it for a longer one. */
export function longestMove({ horizon, action }: MoveModel): number {
  return (horizon * shortestStep(action, axesOf(action.names))) / MOST_STRETCH;
}

/** Where dx and dy are. */
function axesOf(names: readonly string[]): readonly [number, number] {
  const axes = ["dx", "dy"].map((name) => names.indexOf(name)) as [number, number];
  if (axes.some((axis) => axis < 0)) throw new Error(`actions ${names.join(",")} have no dx and dy: the axes of such a model cannot be calibrated`);
  return axes;
}

function shortestStep({ low, high }: MoveModel["action"], axes: readonly number[]): number {
  return Math.min(...axes.flatMap((axis) => [high[axis]!, -low[axis]!]));
}

/**
 * The move along x and y that best explains the picture after it: the lowest point of the energy over one action held for as many steps as the way
 * needs. It is what the authors of V-JEPA 2-AC draw as the energy landscape of a step; no meaning of the latent is needed, so that it works with any bundle. A grid that is drawn closer
 * round its best point: an energy of one action has one bowl, and two axes are few.
 *
 * @throws Error when the model's actions have no dx and dy, or no energy is a number.
 */
export async function inferMove({ horizon, action }: MoveModel, { score, rest, distanceM, points = 9, rounds = 6 }: InferMoveOptions): Promise<InferredMove> {
  const axes = axesOf(action.names);
  const low = axes.map((axis) => action.low[axis]!);
  const high = axes.map((axis) => action.high[axis]!);
  const steps = Math.min(horizon, Math.max(1, Math.ceil((MOST_STRETCH * distanceM) / shortestStep(action, axes))));
  const dim = action.names.length;

  const energiesOf = async (candidates: readonly Displacement[]): Promise<Float64Array> => {
    const actions = new Float32Array(candidates.length * horizon * dim);
    for (const [i, candidate] of candidates.entries()) {
      for (let step = 0; step < horizon; step++) {
        const at = (i * horizon + step) * dim;
        actions.set(rest, at);
        axes.forEach((axis, k) => { actions[at + axis] = step < steps ? candidate[k]! : 0; });
      }
    }
    const energies = await score(actions, candidates.length);
    return Float64Array.from(candidates, (_, i) => energies[i * horizon + steps - 1]!);
  };

  const [restEnergy] = await energiesOf([[0, 0]]);
  let best: { readonly at: Displacement; readonly energy: number } = { at: [0, 0], energy: Infinity };
  let half = axes.map((_, k) => (high[k]! - low[k]!) / 2) as [number, number];
  let middle: Displacement = [(high[0]! + low[0]!) / 2, (high[1]! + low[1]!) / 2];
  for (let round = 0; round < rounds; round++) {
    const [centre, width] = [middle, half];
    const along = (k: 0 | 1): number[] => Array.from({ length: points }, (_, i) => clamp(centre[k] + width[k] * ((2 * i) / (points - 1) - 1), low[k]!, high[k]!));
    const ys = along(1);
    const candidates = along(0).flatMap((x) => ys.map((y): Displacement => [x, y]));
    const energies = await energiesOf(candidates);
    for (const [i, at] of candidates.entries()) if (energies[i]! < best.energy) best = { at, energy: energies[i]! };
    middle = best.at;
    half = [half[0] * SHRINK, half[1] * SHRINK];
  }
  if (!Number.isFinite(best.energy)) throw new Error("the model gives no energy that is a number for the pictures of a move: look at the pictures and at jepa-mpc doctor");
  return {
    displacement: [best.at[0] * steps, best.at[1] * steps], energy: best.energy, restEnergy: restEnergy!,
    atBorder: axes.some((_, k) => best.at[k as 0 | 1] <= low[k]! + half[k as 0 | 1] || best.at[k as 0 | 1] >= high[k]! - half[k as 0 | 1]),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
