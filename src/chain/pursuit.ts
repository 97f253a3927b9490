import { type Chain, type ChainFinder, type ChainLink, unlivedLink } from "./chain-finder.js";
import { type LatentParts, placeDistanceM, placesApartM } from "./latent-parts.js";

/**
 * Why a way is looked for: the first one; `aim`: the hand is nearly at a thing, and sees it a little elsewhere; `missed`: a thing is not where a sub-goal has it; `stuck`: nothing gets nearer any more;
 * `done`: the way before has come to its end.
 */
export type Why = "begin" | "aim" | "missed" | "stuck" | "done";

/** Why another way is looked for when a sub-goal was left behind with a thing elsewhere than it has it. */
export function whyLeft({ aimsAt }: ChainLink): "aim" | "missed" {
  return aimsAt === undefined ? "missed" : "aim";
}

/** The hand is at its place in the goal nearer than this, m. */
const AWAY_M = 0.08;
/** The hand is still at a thing that it missed nearer than this; it rises by so much before the next try, m. */
const STILL_AT_M = 0.1;
const OFF_M = 0.08;
/** So many tries a thing has before the others have as many. */
const TRIES_A_TURN = 2;
/** A thing is where it was when it is seen nearer to it than this, m. */
const SAME_PLACE_M = 0.04;
/** After a miss the hand goes so far beside where the thing is seen, m: times the square root of the misses, which fills a disk evenly; at most so far. */
const ASIDE_M = 0.007;
const MOST_ASIDE_M = 0.018;
/** The angle between one try and the next (Vogel 1979): no direction comes twice. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/**
 * What to do next on the way to a far goal, time after time: the way of one thing from where things are seen. Where things are seen errs in the same way as long as nothing changes, so a
 * thing that was missed is missed again there: each further try takes it a little beside, and after two of them it is another thing's turn.
 */
export class Pursuit {
  readonly #finder: ChainFinder;
  /** [latentDim] */
  readonly goal: Float32Array;
  readonly #parts: LatentParts | undefined;
  /** How each thing was tried last: where it was seen, and how many tries failed there before. */
  readonly #tried = new Map<number, { readonly seen: Float32Array; readonly misses: number }>();
  /** The thing of the last way. */
  #last: number | undefined;
  /** Ways of each thing, those that only aimed anew left out. */
  readonly #tries = new Map<number, number>();

  /** @param goal [latentDim] */
  constructor(finder: ChainFinder, goal: Float32Array) {
    this.#finder = finder;
    this.goal = goal;
    this.#parts = finder.parts;
  }

  /**
   * When nothing gets nearer any more, first the hand goes to its place in the goal, out of the way, from where things are seen better; not with a thing in it. A hand that missed a thing opens
   * and rises before the next try: fingers that are beside it come to it from above.
   * @param seen [latentDim] @returns undefined when experience does not lead there.
   */
  async next(seen: Float32Array, why: Why): Promise<Chain | undefined> {
    const [parts, goal] = [this.#parts, this.goal];
    const held = this.#finder.held(seen, goal);
    if (why === "stuck" && parts !== undefined && held === undefined && placeDistanceM(parts, parts.hand, seen, goal) > AWAY_M) return this.#back(parts, seen);
    const off = why === "missed" && parts !== undefined && held === undefined && this.#isAtLast(parts, seen) ? this.#above(parts, seen) : undefined;
    const chain = await this.#finder.find(off ?? seen, goal, {
      things: 1,
      // While it is aimed at, the hand is at it.
      putOff: (thing) => why === "aim" && thing === this.#last ? -1 : Math.floor((this.#tries.get(thing) ?? 0) / TRIES_A_TURN),
      aside: (thing) => {
        const misses = this.#missesOf(thing, seen, why);
        const radius = Math.min(MOST_ASIDE_M, ASIDE_M * Math.sqrt(misses));
        return [radius * Math.cos(misses * GOLDEN_ANGLE), radius * Math.sin(misses * GOLDEN_ANGLE)];
      },
    });
    if (chain?.thing === undefined) return chain;
    const { thing } = chain;
    this.#tried.set(thing, { seen: Float32Array.from(seen), misses: thing === held ? 0 : this.#missesOf(thing, seen, why) });
    if (why !== "aim" || thing !== this.#last) this.#tries.set(thing, (this.#tries.get(thing) ?? 0) + 1);
    this.#last = thing;
    if (off !== undefined) return { ...chain, links: [unlivedLink({ name: "off", latent: off, reachedBelow: this.#finder.doneBelow, aimsAt: thing }), ...chain.links] };
    // Aimed once, the hand goes: what is seen changes a little each time.
    return why === "aim" ? { ...chain, links: chain.links.map((link): ChainLink => ({ ...link, aimsAt: undefined })) } : chain;
  }

  #missesOf(thing: number, seen: Float32Array, why: Why): number {
    const [last, parts] = [this.#tried.get(thing), this.#parts];
    if (last === undefined || parts === undefined || placeDistanceM(parts, parts.things[thing]!.place, last.seen, seen) > SAME_PLACE_M) return 0;
    return why === "aim" && thing === this.#last ? last.misses : last.misses + 1;
  }

  #isAtLast(parts: LatentParts, seen: Float32Array): boolean {
    return this.#last !== undefined && placesApartM(parts, seen, parts.hand, parts.things[this.#last]!.place) < STILL_AT_M;
  }

  /** As it is seen, with the hand open, as in the goal, and higher. */
  #above(parts: LatentParts, seen: Float32Array): Float32Array {
    const latent = Float32Array.from(seen);
    latent[parts.opening] = this.goal[parts.opening]!;
    latent[parts.hand[2]]! += OFF_M / parts.std[parts.hand[2]]!;
    return latent;
  }

  #back(parts: LatentParts, seen: Float32Array): Chain {
    const latent = Float32Array.from(seen);
    for (const entry of [...parts.hand, parts.opening]) latent[entry] = this.goal[entry]!;
    return { links: [unlivedLink({ name: "back", latent, reachedBelow: this.#finder.doneBelow })], complete: false, cost: 0, pieces: 0, thing: undefined };
  }
}
