import { type CheckedLeg, type CutOptions, cutIntoLegs } from "./cut.js";
import { ExperienceGraph, type GraphPath } from "./experience-graph.js";
import { type LatentParts, type PlaceEntries, placeDistanceM, placesApartM } from "./latent-parts.js";
import { type LivedFrame, livedFrames } from "./lived-path.js";
import type { Projection } from "./projection.js";
import { splice } from "./splice.js";
import { type Experience, type FrameRef, row } from "./types.js";

export interface ChainOptions {
  readonly experience: Experience;
  /** What the latent's entries mean; left out, latents are compared as wholes. */
  readonly parts?: LatentParts;
  /** Actions of one plan. */
  readonly horizon: number;
  /** The energy that the planner predicts to be left of a leg between two latents [latentDim]; left out, legs are not checked. */
  readonly check?: (from: Float32Array, to: Float32Array) => Promise<number>;
  /** A leg with more left is tried shorter. */
  readonly passBelow: number;
  /** How much is left when a frame's lived actions are rolled out for a horizon, towards what they really led to; left out, all of experience is trusted alike. */
  readonly unpredictability?: (at: FrameRef) => Promise<number>;
  /** An unpredictability of so much makes a period count twice. */
  readonly trustedBelow: number;
  /** Frames nearer than this are the same place: cm in the latent's readable entries; else typical steps from frame to frame. Default 3. */
  readonly linkWithin?: number;
}

/** One sub-goal of a chain. */
export interface ChainLink {
  readonly name: string;
  /** [latentDim] */
  readonly latent: Float32Array;
  /** The remembered frame that it is made of; undefined for a sub-goal that is made of the goal. */
  readonly source: FrameRef | undefined;
  /** What the planner predicts to be left when it comes here from the sub-goal before; NaN where nobody asked. */
  readonly energy: number;
  /** Whether that is low enough. */
  readonly passed: boolean;
  /** Energy below which it is near enough to go on; undefined for the goal, of which more is wanted. */
  readonly reachedBelow: number | undefined;
  /** Index of the thing that is taken next, and was not moved yet: nearly above it, pictures tell better where it is. */
  readonly aimsAt: number | undefined;
}

/** A sub-goal that is made of no remembered frame and that nobody asked the planner about. */
export function unlivedLink({ name, latent, passed = true, reachedBelow, aimsAt }: Pick<ChainLink, "name" | "latent"> & Partial<Pick<ChainLink, "passed" | "reachedBelow" | "aimsAt">>): ChainLink {
  return { name, latent, source: undefined, energy: Number.NaN, passed, reachedBelow, aimsAt };
}

export interface Chain {
  /** In order; the last one's latent is the goal's if it is complete. */
  readonly links: readonly ChainLink[];
  /** Whether it leads to the goal; else things are left to be handled after it. */
  readonly complete: boolean;
  /** What the paths cost, periods. */
  readonly cost: number;
  /** Pieces of experience that are joined. */
  readonly pieces: number;
  /** Index of the first thing that is handled; undefined where there is none, or latents are compared as wholes. */
  readonly thing: number | undefined;
}

export interface FindOptions {
  /** For so many things at most. Default: all. */
  readonly things?: number;
  /** How far from where a thing is seen the hand takes it, along x and y, m. Default: there. */
  readonly aside?: (thing: number) => readonly [number, number];
  /** Things of which this is more are handled after the others. Default: the same for all. */
  readonly putOff?: (thing: number) => number;
}

/** A thing that moves farther than this from frame to frame while it is no higher than so much above where it rests, slides, m; a period of that costs so many more. */
const SLIDES_BY_M = 0.012;
const SLIDES_BELOW_M = 0.015;
const SLIDE_COST = 6;
/** Frames are nodes when they are so far from the node before; in the unit of `linkWithin`. */
const SPACING = 1;
/** A link of 1 cm costs so many periods: what was not lived may fail. */
const PERIODS_PER_UNIT = 2;
/** So many it takes: an arm does 4 cm in one. */
const TRAVEL_PER_UNIT = 0.25;
/** And any link costs so many. */
const PERIODS_PER_LINK = 12;
/** A thing's place counts so many times as much as the hand's beside it: things are brought nearer by what was lived, not by taking places for the same one after the other. */
const THING_COUNTS = 3;
/** Where a path begins and ends, hand and thing count for so much: the hand goes anywhere by itself, and what is missing of the thing's way is made up for while it moves. */
const AT_ENDS = { hand: 0.1, thing: 1 } as const;
const CM = 0.01;
/** A thing is to be moved when the goal has it farther away than this, m: pictures err by 1 to 2 cm. */
const MOVED_M = 0.03;
/** A frame can be used for one thing when no other was seen to move by more between the frames beside it, m. */
const OTHERS_REST_M = 0.03;
/** Nor when the thing itself was seen to move by so much more than the hand did, m: it rolled, or the pictures erred; the hand did not bring it there. */
const BY_ITSELF_M = 0.03;
/** The hand is at a thing nearer than this, m. */
const AT_THING_M = 0.06;
/** So far it is surely not where it should be, m; nearer ones come last, when the hand is out of the way and pictures err less. */
const SURELY_MOVED_M = 0.05;
/**
 * On the way it is near enough with so many times as much energy left as a leg may leave. A thing that is seen 1 cm from where it is in the hand costs that much: what is held is not to be
 * shaken about for it, while one that was not lifted costs twice as much still.
 */
const ON_THE_WAY = 1.6;
/** A thing that is not the last one is done with so many times as much energy left as a leg may leave: its place counts, and where the others are seen errs, too. */
const DONE = 2;
/** A thing that is seen higher than before by this was lifted, and not pushed, m. */
const LIFTED_M = 0.015;
/** A thing that is to be taken is aimed at anew when it is seen farther from where it was than this, m. */
const AIMED_M = 0.012;
/** A place is taken while another thing's is nearer than this, m; what it costs to go there first, periods. */
const TAKEN_M = 0.07;
const TAKEN_COST = 30;

/**
 * Finds sub-goals for a goal that is too far for one horizon, from what was lived.
 *
 * Where the latent says what is hand and what are things, each thing that the goal has elsewhere is handled by itself, one after the other, the cheapest first: a graph of the hand and that thing
 * needs far less experience than one of whole scenes, of which hardly any was ever seen twice.
 */
export class ChainFinder {
  readonly #options: ChainOptions & { readonly linkWithin: number };
  /** By the index of the thing; the one of whole latents is at -1. Made when first needed. */
  readonly #graphs = new Map<number, Promise<ExperienceGraph>>();

  constructor(options: ChainOptions) {
    this.#options = { linkWithin: 3, ...options };
    if (options.experience.stretches.length === 0) throw new Error("there is no experience to find a chain in");
  }

  /** What the latent's entries mean; undefined where latents are compared as wholes. */
  get parts(): LatentParts | undefined {
    return this.#options.parts;
  }

  /** Energy below which a way that does not lead to the goal is at its end. */
  get doneBelow(): number {
    return DONE * this.#options.passBelow;
  }

  /**
   * @param start,goal [latentDim] each.
   * @returns undefined when experience does not lead there.
   */
  async find(start: Float32Array, goal: Float32Array, options: FindOptions = {}): Promise<Chain | undefined> {
    const { parts } = this.#options;
    return parts === undefined ? this.#findWhole(start, goal) : this.#findByThings(parts, start, goal, options);
  }

  /** Whether a thing is seen elsewhere than a sub-goal has it; false where the latent does not say where things are. @param seen [latentDim]. */
  isElsewhere(seen: Float32Array, { latent, aimsAt }: Pick<ChainLink, "latent" | "aimsAt">): boolean {
    const { parts } = this.#options;
    return parts !== undefined && parts.things.some(({ place }, thing) => placeDistanceM(parts, place, seen, latent) > (thing === aimsAt ? AIMED_M : MOVED_M));
  }

  /** The thing that is in the hand: where the hand is, and higher than the goal has it. @param seen,goal [latentDim] each. */
  held(seen: Float32Array, goal: Float32Array): number | undefined {
    const { parts } = this.#options;
    if (parts === undefined) return undefined;
    const thing = parts.things.findIndex(({ place }) =>
      placesApartM(parts, seen, parts.hand, place) < AT_THING_M && (seen[place[2]]! - goal[place[2]]!) * parts.std[place[2]]! > MOVED_M);
    return thing < 0 ? undefined : thing;
  }

  async #findWhole(start: Float32Array, goal: Float32Array): Promise<Chain | undefined> {
    const path = (await this.#graph(-1)).path(start, goal);
    if (path === undefined) return undefined;
    const frames = livedFrames(path);
    const legs = await this.#cut(start, [...frames.map((frame) => this.#latent(frame)), goal], withEnd(frames, path));
    return { links: this.#links(legs, frames, goal), complete: true, cost: path.cost, pieces: pieces(frames), thing: undefined };
  }

  async #findByThings(parts: LatentParts, start: Float32Array, goal: Float32Array, { things = Infinity, aside, putOff = () => 0 }: FindOptions): Promise<Chain | undefined> {
    const open = new Set(parts.things.flatMap(({ place }, thing) => placeDistanceM(parts, place, start, goal) > MOVED_M ? [thing] : []));
    const chain: { links: ChainLink[]; cost: number; pieces: number; thing: number | undefined } = { links: [], cost: 0, pieces: 0, thing: undefined };
    const held = this.held(start, goal);
    for (let [now, done] = [start, 0]; open.size > 0 && done < things; done++) {
      const sure = [...open].filter((thing) => placeDistanceM(parts, parts.things[thing]!.place, now, goal) > SURELY_MOVED_M);
      const candidates = done === 0 && held !== undefined ? [held] : sure.length > 0 ? sure : [...open];
      const least = Math.min(...candidates.map(putOff));
      const next = await this.#cheapest(parts, candidates.filter((thing) => putOff(thing) === least), now, goal);
      if (next === undefined) return undefined;
      const { thing, path, after } = next;
      const before = now;
      open.delete(thing);
      chain.thing ??= thing;
      const frames = livedFrames(path);
      const besideM = aside === undefined || thing === held ? [0, 0] as const : aside(thing);
      const latents = splice({
        parts, thing, frames: frames.map((frame) => this.#latent(frame)), pieces: frames.map(({ piece }) => piece), before: now, after, aside: besideM,
      });
      const end = open.size === 0 ? goal : after;
      // As soon as it is seen that the hand has the thing: of all that may fail this is it, and a place farther on draws the hand past the thing.
      const taken = latents.findIndex((latent) => placeDistanceM(parts, parts.things[thing]!.place, latent, before) > MOVED_M);
      if (taken >= 0 && thing !== held) liftStraight(parts, thing, latents[taken]!, before, besideM);
      const ambiguous = (i: number): boolean => latents[i] !== undefined && isAmbiguous(parts, thing, latents[i], before);
      // And where it comes to the thing as it was come to: from elsewhere it would run into it.
      const near = latents.findLastIndex((_, i) => i < taken && !ambiguous(i));
      const legs = await this.#cut(now, [...latents, end], withEnd(frames, path), { avoid: ambiguous, through: [near, taken].filter((i) => i >= 0) });
      chain.links.push(...this.#links(legs, frames, end, { prefix: `${parts.things[thing]!.name}: `, latents, ...(thing === held ? {} : { aimsAt: thing, taken }) }));
      chain.cost += path.cost;
      chain.pieces += pieces(frames);
      now = end;
    }
    const last = chain.links.at(-1);
    if (open.size > 0 && last !== undefined) chain.links.splice(-1, 1, { ...last, reachedBelow: this.doneBelow });
    if (chain.links.length === 0) chain.links.push(unlivedLink({ name: "goal", latent: goal }));
    return { ...chain, complete: open.size === 0 };
  }

  /** The thing whose way to its place costs least now, and that way. */
  async #cheapest(parts: LatentParts, things: readonly number[], now: Float32Array, goal: Float32Array): Promise<{ thing: number; path: GraphPath; after: Float32Array } | undefined> {
    let best: { thing: number; path: GraphPath; after: Float32Array; cost: number } | undefined;
    for (const thing of things) {
      const { place } = parts.things[thing]!;
      const after = Float32Array.from(now);
      for (const entry of [...parts.hand, parts.opening, ...place]) after[entry] = goal[entry]!;
      const path = (await this.#graph(thing)).path(now, after);
      if (path === undefined) continue;
      const taken = parts.things.some((other, i) => i !== thing && distanceOfPlacesM(parts, place, after, other.place) < TAKEN_M);
      const cost = path.cost + (taken ? TAKEN_COST : 0);
      if (best === undefined || cost < best.cost) best = { thing, path, after, cost };
    }
    return best;
  }

  #cut(start: Float32Array, latents: readonly Float32Array[], times: readonly number[], more: Pick<CutOptions, "avoid" | "through"> = {}): Promise<CheckedLeg[]> {
    const { check, horizon, passBelow } = this.#options;
    return cutIntoLegs({
      times, horizon, passBelow, ...more,
      ...(check === undefined ? {} : { check: (from, to) => check(from < 0 ? start : latents[from]!, latents[to]!) }),
    });
  }

  /** @param more `latents` of the frames in the present scene; `aimsAt`: a thing that is `taken` at that frame. */
  #links(legs: readonly CheckedLeg[], frames: readonly LivedFrame[], end: Float32Array, more: {
    readonly prefix?: string; readonly latents?: readonly Float32Array[]; readonly aimsAt?: number; readonly taken?: number;
  } = {}): ChainLink[] {
    const { prefix = "", latents = frames.map((frame) => this.#latent(frame)), aimsAt, taken = -1 } = more;
    return legs.map(({ to, energy, passed }, i) => {
      const frame = frames[to];
      return frame === undefined
        ? { name: `${prefix}there`, latent: end, source: undefined, energy, passed, reachedBelow: undefined, aimsAt: undefined }
        : {
            name: `${prefix}${i + 1}`, latent: latents[to]!, source: { stretch: frame.stretch, frame: frame.frame }, energy, passed, reachedBelow: ON_THE_WAY * this.#options.passBelow,
            aimsAt: to < taken ? aimsAt : undefined,
          };
    });
  }

  #latent({ stretch, frame }: FrameRef): Float32Array {
    const { experience } = this.#options;
    return row(experience.stretches[stretch]!.latents, experience.latentDim, frame);
  }

  #graph(thing: number): Promise<ExperienceGraph> {
    let graph = this.#graphs.get(thing);
    if (graph === undefined) {
      graph = this.#build(thing);
      this.#graphs.set(thing, graph);
    }
    return graph;
  }

  async #build(thing: number): Promise<ExperienceGraph> {
    const { experience, horizon, linkWithin, parts, unpredictability, trustedBelow } = this.#options;
    const shared = { horizon, linkWithin, spacing: SPACING, linkCostPerUnit: PERIODS_PER_UNIT, linkCost: PERIODS_PER_LINK, linkPeriodsPerUnit: TRAVEL_PER_UNIT };
    const graph = new ExperienceGraph(experience, parts === undefined ? { ...shared, projection: wholeLatents(experience) } : {
      ...shared, projection: handAnd(parts, thing), endProjection: handAnd(parts, thing, AT_ENDS), usable: (at) => this.#isTheHands(parts, thing, at),
    });
    const restsAt = parts === undefined ? 0 : this.#restingHeight(parts, thing);
    await graph.weigh(async (at) => {
      // Where nothing moves but the hand there is nothing to mistrust.
      const mistrusted = unpredictability !== undefined && (parts === undefined || this.#moves(parts, thing, at)) ? (await unpredictability(at)) / trustedBelow : 0;
      return 1 + mistrusted + (parts !== undefined && this.#slides(parts, thing, at, restsAt) ? SLIDE_COST : 0);
    });
    return graph;
  }

  /** Height below which a thing is in most frames in which it is on the table, in the latent's unit: the lower quartile of all. */
  #restingHeight({ things }: LatentParts, thing: number): number {
    const { experience } = this.#options;
    const heights = experience.stretches.flatMap(({ latents, frames }) => Array.from({ length: frames }, (_, frame) => row(latents, experience.latentDim, frame)[things[thing]!.place[2]]!));
    return heights.sort((a, b) => a - b)[Math.floor(heights.length / 4)]!;
  }

  /** Whether a thing is pushed along the table rather than carried: a push that once went well is the least likely to go well again, since where it leads depends on less than pictures tell. */
  #slides(parts: LatentParts, thing: number, { stretch, frame }: FrameRef, restsAt: number): boolean {
    const { place } = parts.things[thing]!;
    const next = Math.min(this.#options.experience.stretches[stretch]!.frames - 1, frame + 1);
    const [one, other] = [this.#latent({ stretch, frame }), this.#latent({ stretch, frame: next })];
    const lifted = (Math.max(one[place[2]]!, other[place[2]]!) - restsAt) * parts.std[place[2]]!;
    return lifted < SLIDES_BELOW_M && placeDistanceM(parts, place, one, other) > SLIDES_BY_M;
  }

  /** Whether a thing is seen elsewhere a horizon later. */
  #moves(parts: LatentParts, thing: number, { stretch, frame }: FrameRef): boolean {
    const later = Math.min(this.#options.experience.stretches[stretch]!.frames - 1, frame + this.#options.horizon);
    return placeDistanceM(parts, parts.things[thing]!.place, this.#latent({ stretch, frame }), this.#latent({ stretch, frame: later })) > MOVED_M;
  }

  /** Whether what is seen to happen at a frame is the hand's and the thing's alone: no other moves, and the thing only as the hand does. */
  #isTheHands(parts: LatentParts, thing: number, { stretch, frame }: FrameRef): boolean {
    const { frames } = this.#options.experience.stretches[stretch]!;
    const [before, after] = [Math.max(0, frame - 1), Math.min(frames - 1, frame + 1)].map((at) => this.#latent({ stretch, frame: at })) as [Float32Array, Float32Array];
    const movedM = (place: PlaceEntries): number => placeDistanceM(parts, place, before, after);
    return parts.things.every(({ place }, i) => movedM(place) < (i === thing ? movedM(parts.hand) + BY_ITSELF_M : OTHERS_REST_M));
  }
}

/** Times of the frames, and of the goal at the end. */
function withEnd(frames: readonly LivedFrame[], path: GraphPath): number[] {
  return [...frames.map(({ time }) => time), frames.at(-1)!.time + path.lastPeriods];
}

function pieces(frames: readonly LivedFrame[]): number {
  return frames.at(-1)!.piece + 1;
}

/** One thing, and the hand beside it, in centimetres: what the hand does to a thing is the same wherever on the table it is. */
function handAnd({ hand, opening, things, mean, std }: LatentParts, thing: number, counts: { readonly hand: number; readonly thing: number } = { hand: 1, thing: THING_COUNTS }): Projection {
  const { place } = things[thing]!;
  const cm = (latent: Float32Array, entry: number): number => (mean[entry]! + std[entry]! * latent[entry]!) / CM;
  return (latent) => Float64Array.from([
    ...hand.map((entry, axis) => counts.hand * (cm(latent, entry) - cm(latent, place[axis]!))),
    counts.hand * cm(latent, opening),
    ...place.map((entry) => counts.thing * cm(latent, entry)),
  ]);
}

/** Whether the hand is at a thing that has not moved yet: whether it has it then, or stands beside it, pictures do not tell, and the next leg would begin with empty fingers. */
function isAmbiguous(parts: LatentParts, thing: number, latent: Float32Array, before: Float32Array): boolean {
  const { place } = parts.things[thing]!;
  return placeDistanceM(parts, place, latent, before) < MOVED_M && placesApartM(parts, latent, parts.hand, place) < AT_THING_M;
}

/**
 * Changes a latent in which a thing was just lifted so that it is a little above where it lies before: a hand that is to be elsewhere with it goes there before it has it. What is held is where the
 * hand is; where a remembered picture has the two apart, it errs, and the hand would go past the thing by as much. Slides stay as they are.
 */
function liftStraight({ hand, things, mean, std }: LatentParts, thing: number, latent: Float32Array, before: Float32Array, aside: readonly [number, number]): void {
  const { place } = things[thing]!;
  const liftedM = (latent[place[2]]! - before[place[2]]!) * std[place[2]]!;
  if (liftedM < LIFTED_M) return;
  // As high as it has to be for it to be seen, no higher.
  const lowerM = Math.max(0, liftedM - MOVED_M - LIFTED_M / 2);
  for (const entry of [place[2], hand[2]]) latent[entry]! -= lowerM / std[entry]!;
  for (const axis of [0, 1] as const) {
    const [thingAt, handAt] = [place[axis], hand[axis]];
    latent[thingAt] = before[thingAt]! + aside[axis] / std[thingAt]!;
    latent[handAt] = (mean[thingAt]! + std[thingAt]! * latent[thingAt] - mean[handAt]!) / std[handAt]!;
  }
}

function distanceOfPlacesM({ mean, std }: LatentParts, one: readonly number[], latent: Float32Array, other: readonly number[]): number {
  return Math.hypot(...[0, 1].map((axis) => {
    const [a, b] = [one[axis]!, other[axis]!];
    return mean[a]! + std[a]! * latent[a]! - mean[b]! - std[b]! * latent[b]!;
  }));
}

/** All entries, in units of what they typically change by from frame to frame. */
function wholeLatents({ latentDim, stretches }: Experience): Projection {
  const sums = new Float64Array(latentDim);
  let count = 0;
  for (const { latents, frames } of stretches) {
    for (let frame = 1; frame < frames; frame++) {
      count++;
      for (let i = 0; i < latentDim; i++) sums[i]! += (latents[frame * latentDim + i]! - latents[(frame - 1) * latentDim + i]!) ** 2;
    }
  }
  // One unit for all: entries that hardly change count as little as they do in the energy.
  const unit = Math.sqrt(sums.reduce((a, b) => a + b, 0) / Math.max(1, count)) || 1;
  return (latent) => Float64Array.from(latent, (value) => value / unit);
}
