import { MinHeap } from "./min-heap.js";
import { NeighbourGrid } from "./neighbour-grid.js";
import { euclidean, type Projection } from "./projection.js";
import { type Experience, type FrameRef, row } from "./types.js";

export interface ExperienceGraphOptions {
  readonly projection: Projection;
  /** Actions of one plan: no lived edge is longer. */
  readonly horizon: number;
  /** Of a stretch those frames are nodes that are so far from the node before (units of the projection), and one a horizon. */
  readonly spacing: number;
  /** Frames nearer than this to each other are the same place (units of the projection). */
  readonly linkWithin: number;
  /** Periods that a link of length 1 costs: it was not lived, and the planner has to make up for it. */
  readonly linkCostPerUnit: number;
  /** Periods that any link costs, however short. */
  readonly linkCost: number;
  /** Periods that the robot needs for a link of length 1, which is what the legs' lengths are counted in; a link takes one at least and at most a horizon. */
  readonly linkPeriodsPerUnit: number;
  /** How start and goal are compared to nodes: what the planner brings about by itself, such as where the hand is, may differ more there. Default: `projection`. */
  readonly endProjection?: Projection;
  /** Frames that may be used; default all. */
  readonly usable?: (at: FrameRef) => boolean;
}

/** A frame, and in which run of usable frames of its stretch it is. */
interface Node extends FrameRef {
  readonly run: number;
}

/** A node of a path. */
export interface PathNode extends FrameRef {
  /** How it was come to: `lived` from the node before in the same stretch, `link` from a place that looks the same. The first is a link from the start. */
  readonly by: "lived" | "link";
  /** From the node before, or from the start: as it was lived, or what a link takes. */
  readonly periods: number;
  /** Of the edge. */
  readonly cost: number;
}

export interface GraphPath {
  readonly nodes: readonly PathNode[];
  /** Of the link from the last node to the goal. */
  readonly lastPeriods: number;
  /** Of all edges, periods. */
  readonly cost: number;
}

/**
 * A graph of what was lived: nodes are remembered latents, edges lead to the next node of the same stretch (as many periods as it took) and to nodes of other
 * stretches that look the same. The shortest path in it joins pieces of experience that were never lived together: semi-parametric topological memory (Savinov et al.
 * 2018, section 3.2), search on the replay buffer (Eysenbach et al. 2019, section 3). There the distances are learned; here an edge is either lived, or short in
 * the latent space and paid for, because a short way is what the planner's roll-outs can make up for and check.
 */
export class ExperienceGraph {
  readonly #experience: Experience;
  readonly #options: Required<Omit<ExperienceGraphOptions, "usable">>;
  /** What a period of the edge from each node to the next costs. */
  readonly #pace: Float64Array;
  /** In the order of stretches and time. */
  readonly #nodes: readonly Node[];
  /** Of the nodes, in the projection and in that of start and goal. */
  readonly #points: readonly Float64Array[];
  readonly #endPoints: readonly Float64Array[];
  readonly #grid: NeighbourGrid;

  constructor(experience: Experience, options: ExperienceGraphOptions) {
    this.#experience = experience;
    const { usable = () => true, ...rest } = options;
    this.#options = { endProjection: rest.projection, ...rest };
    if (!(rest.horizon >= 1)) throw new RangeError(`the horizon is ${rest.horizon}; it must be at least 1`);
    if (!(rest.linkWithin > 0)) throw new RangeError(`linkWithin is ${rest.linkWithin}; it must be above 0`);
    this.#nodes = experience.stretches.flatMap((_, stretch) => this.#thin(stretch, usable));
    this.#pace = new Float64Array(this.#nodes.length).fill(1);
    const { projection, endProjection, linkWithin } = this.#options;
    this.#points = this.#nodes.map((at) => projection(this.latent(at)));
    this.#endPoints = endProjection === projection ? this.#points : this.#nodes.map((at) => endProjection(this.latent(at)));
    this.#grid = new NeighbourGrid(this.#points, linkWithin);
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** Makes edges dearer. @param paceOf what a period of the edge that leaves a frame costs, at least 1. */
  async weigh(paceOf: (at: FrameRef) => Promise<number>): Promise<void> {
    for (const [node, at] of this.#nodes.entries()) if (this.#following(node) !== undefined) this.#pace[node] = Math.max(1, await paceOf(at));
  }

  /** A view. */
  latent({ stretch, frame }: FrameRef): Float32Array {
    return row(this.#experience.stretches[stretch]!.latents, this.#experience.latentDim, frame);
  }

  /**
   * The cheapest path through experience (Dijkstra 1959); undefined when there is none.
   *
   * @param start,goal [latentDim]. They are joined to all nodes that look the same by `endProjection`.
   */
  path(start: Float32Array, goal: Float32Array): GraphPath | undefined {
    const count = this.#nodes.length;
    const ends = new Map(this.#beside(goal).map(({ node, distance }) => [node, this.#priceOf(distance)]));
    const best = new Float64Array(count).fill(Infinity);
    const from = new Int32Array(count).fill(-1);
    const open = new MinHeap();
    for (const { node, distance } of this.#beside(start)) {
      best[node] = this.#priceOf(distance);
      open.push(best[node], node);
    }
    let last = -1;
    let total = Infinity;
    for (let top = open.pop(); top !== undefined && top.key < total; top = open.pop()) {
      const { key, value: node } = top;
      if (key > best[node]!) continue;
      const end = ends.get(node);
      if (end !== undefined && key + end < total) {
        total = key + end;
        last = node;
      }
      const reach = (next: number, price: number): void => {
        if (key + price >= best[next]!) return;
        best[next] = key + price;
        from[next] = node;
        open.push(key + price, next);
      };
      const following = this.#following(node);
      if (following !== undefined) reach(following, this.#lived(node, following));
      for (const { node: next, distance } of this.#grid.near(this.#points[node]!, this.#options.linkWithin)) {
        if (next !== node && next !== following) reach(next, this.#priceOf(distance));
      }
    }
    if (last < 0) return undefined;
    const order: number[] = [];
    for (let node = last; node >= 0; node = from[node]!) order.unshift(node);
    const nodes = order.map((node, i): PathNode => {
      const before = order[i - 1];
      const lived = before !== undefined && this.#following(before) === node && best[node]! === best[before]! + this.#lived(before, node);
      const { stretch, frame } = this.#nodes[node]!;
      const price = best[node]! - (before === undefined ? 0 : best[before]!);
      return { stretch, frame, by: lived ? "lived" : "link", periods: lived ? this.#periods(before, node) : this.#linkPeriods(price), cost: price };
    });
    return { nodes, lastPeriods: this.#linkPeriods(total - best[last]!), cost: total };
  }

  #thin(stretch: number, usable: (at: FrameRef) => boolean): Node[] {
    const { projection, spacing, horizon } = this.#options;
    const nodes: Node[] = [];
    const { frames } = this.#experience.stretches[stretch]!;
    let run = 0;
    for (let frame = 0; frame < frames; frame++) {
      if (!usable({ stretch, frame })) {
        run++;
        continue;
      }
      const at = { stretch, frame, run };
      const before = nodes.at(-1);
      // The ends of a run stay: what was lived is to be left and joined there.
      const needed = before?.run !== run || frame - before.frame >= horizon || frame === frames - 1 || !usable({ stretch, frame: frame + 1 });
      if (needed || euclidean(projection(this.latent(before)), projection(this.latent(at))) >= spacing) nodes.push(at);
    }
    return nodes;
  }

  /** The next node of the same run. */
  #following(node: number): number | undefined {
    const [one, next] = [this.#nodes[node]!, this.#nodes[node + 1]];
    return next?.stretch === one.stretch && next.run === one.run ? node + 1 : undefined;
  }

  #periods(node: number, next: number): number {
    return this.#nodes[next]!.frame - this.#nodes[node]!.frame;
  }

  /** @param price of the link. */
  #linkPeriods(price: number): number {
    const { linkCost, linkCostPerUnit, linkPeriodsPerUnit, horizon } = this.#options;
    return Math.min(horizon, Math.max(1, Math.round((linkPeriodsPerUnit * (price - linkCost)) / linkCostPerUnit)));
  }

  #lived(node: number, next: number): number {
    return this.#pace[node]! * this.#periods(node, next);
  }

  #priceOf(distance: number): number {
    return this.#options.linkCost + this.#options.linkCostPerUnit * distance;
  }

  /** Nodes that look like a start or a goal; the price of going there is of the true distance. */
  #beside(latent: Float32Array): { node: number; distance: number }[] {
    const { endProjection, projection, linkWithin } = this.#options;
    const [point, endPoint] = [projection(latent), endProjection(latent)];
    return this.#endPoints.flatMap((there, node) => (euclidean(endPoint, there) <= linkWithin ? [{ node, distance: euclidean(point, this.#points[node]!) }] : []));
  }
}
