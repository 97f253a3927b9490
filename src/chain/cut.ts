/** How one leg went when it was checked. */
export interface CheckedLeg {
  /** Index of the frame that it leads to. */
  readonly to: number;
  /** What the planner predicts to be left at its end; NaN where nobody asked. */
  readonly energy: number;
  /** Whether that is low enough. */
  readonly passed: boolean;
}

export interface CutOptions {
  /** When each frame is, periods, not falling. */
  readonly times: readonly number[];
  /** The longest leg, periods. */
  readonly horizon: number;
  /** The energy that a plan from one frame is predicted to leave to another; -1 is the present scene. Left out: no leg is checked. */
  readonly check?: (from: number, to: number) => Promise<number>;
  /** A leg with more than this left at its end is tried shorter. */
  readonly passBelow: number;
  /** Frames that are no good end of a leg; one is taken only where there is nothing else within a horizon. */
  readonly avoid?: (index: number) => boolean;
  /** Frames at which a leg has to end, whatever passes. Default: none. */
  readonly through?: readonly number[];
  /** A leg is not made shorter than this, periods. Default 3. */
  readonly shortest?: number;
}

/**
 * Cuts a path into legs of at most a horizon, each as long as the planner believes that it can go: from the farthest frame within a horizon backwards until one
 * passes. Where none does, the one with the least energy left is taken, and said to have failed. The last frame is always the last leg's end.
 */
export async function cutIntoLegs({ times, horizon, check, passBelow, avoid = () => false, through = [], shortest = 3 }: CutOptions): Promise<CheckedLeg[]> {
  const legs: CheckedLeg[] = [];
  const last = times.length - 1;
  for (let from = -1; from < last;) {
    const begin = from < 0 ? 0 : times[from]!;
    let far = from + 1;
    while (far < last && !through.includes(far) && times[far + 1]! - begin <= horizon) far++;
    let good = Array.from({ length: far - from }, (_, i) => far - i).filter((to) => to === last || !avoid(to));
    if (good.length === 0) good = [far];
    const leg = check === undefined ? { to: good[0]!, energy: Number.NaN, passed: true } : await longestThatPasses({ from, good, begin, times, check, passBelow, shortest });
    legs.push(leg);
    from = leg.to;
  }
  return legs;
}

interface Search extends Required<Pick<CutOptions, "times" | "check" | "passBelow" | "shortest">> {
  readonly from: number;
  /** Ends that may be taken, the farthest first. */
  readonly good: readonly number[];
  readonly begin: number;
}

async function longestThatPasses({ from, good, begin, times, check, passBelow, shortest }: Search): Promise<CheckedLeg> {
  let best: CheckedLeg | undefined;
  for (const to of good) {
    const periods = times[to]! - begin;
    if (best !== undefined && periods < shortest) break;
    // Every second frame is near enough.
    if (best !== undefined && (good[0]! - to) % 2 === 1) continue;
    const energy = await check(from, to);
    if (energy <= passBelow) return { to, energy, passed: true };
    if (best === undefined || energy < best.energy) best = { to, energy, passed: false };
  }
  return best!;
}
