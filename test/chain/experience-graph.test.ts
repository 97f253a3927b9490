import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../sim/random.js";
import { ExperienceGraph, type ExperienceGraphOptions, type GraphPath } from "../../src/chain/experience-graph.js";
import { livedFrames } from "../../src/chain/lived-path.js";
import { euclidean, type Projection } from "../../src/chain/projection.js";
import type { Experience, FrameRef } from "../../src/chain/types.js";
import { experienceOf } from "./experience-of.js";

const PLANE: Projection = (latent) => Float64Array.from(latent);
const OPTIONS: ExperienceGraphOptions = { projection: PLANE, horizon: 4, spacing: 0.3, linkWithin: 0.8, linkCost: 1, linkCostPerUnit: 2, linkPeriodsPerUnit: 1 };

/** Random walks in a square; few and short, so that everything can be tried. */
function walks(random: Random, stretches: number, frames: number): Experience {
  return experienceOf(Array.from({ length: stretches }, () => {
    const at: [number, number] = [random.uniform(0, 3), random.uniform(0, 3)];
    return Array.from({ length: frames }, () => {
      at[0] += random.normal(0.4);
      at[1] += random.normal(0.4);
      return [...at];
    });
  }));
}

const latentOf = ({ stretches, latentDim }: Experience, { stretch, frame }: FrameRef): Float32Array =>
  stretches[stretch]!.latents.slice(frame * latentDim, (frame + 1) * latentDim);

/** Every node as the options say, found without the graph. */
function nodesOf(experience: Experience, { spacing, horizon }: ExperienceGraphOptions): FrameRef[] {
  const nodes: FrameRef[] = [];
  experience.stretches.forEach(({ frames }, stretch) => {
    let last = -Infinity;
    for (let frame = 0; frame < frames; frame++) {
      const far = last >= 0 && euclidean(PLANE(latentOf(experience, { stretch, frame })), PLANE(latentOf(experience, { stretch, frame: last }))) >= spacing;
      if (last < 0 || far || frame - last >= horizon || frame === frames - 1) {
        nodes.push({ stretch, frame });
        last = frame;
      }
    }
  });
  return nodes;
}

/** The price of the cheapest path by trying ever longer ones (Bellman and Ford), Infinity without one. */
function bestByTrying(experience: Experience, options: ExperienceGraphOptions, start: Float32Array, goal: Float32Array): number {
  const nodes = nodesOf(experience, options);
  const points = nodes.map((at) => PLANE(latentOf(experience, at)));
  const link = (distance: number): number => (distance <= options.linkWithin ? options.linkCost + options.linkCostPerUnit * distance : Infinity);
  const edge = (a: number, b: number): number => {
    const follows = b === a + 1 && nodes[a]!.stretch === nodes[b]!.stretch;
    return follows ? nodes[b]!.frame - nodes[a]!.frame : link(euclidean(points[a]!, points[b]!));
  };
  let best = points.map((point) => link(euclidean(point, PLANE(start))));
  for (let round = 0; round < nodes.length; round++) best = best.map((price, b) => Math.min(price, ...best.map((other, a) => (a === b ? Infinity : other + edge(a, b)))));
  return Math.min(...best.map((price, a) => price + link(euclidean(points[a]!, PLANE(goal)))));
}

function assertConnects(experience: Experience, path: GraphPath, start: Float32Array, goal: Float32Array, options: ExperienceGraphOptions): void {
  const { horizon, linkWithin } = options;
  const near = (a: Float32Array, b: Float32Array): boolean => euclidean(PLANE(a), PLANE(b)) <= linkWithin + 1e-6;
  assert.equal(path.nodes[0]!.by, "link");
  assert.ok(near(start, latentOf(experience, path.nodes[0]!)), "it begins where the start is");
  assert.ok(near(goal, latentOf(experience, path.nodes.at(-1)!)), "it ends where the goal is");
  path.nodes.forEach((node, i) => {
    const before = path.nodes[i - 1];
    assert.ok(node.periods >= 1 && node.periods <= horizon, `an edge of ${node.periods} periods`);
    if (before === undefined) return;
    if (node.by === "lived") {
      assert.equal(node.stretch, before.stretch);
      assert.equal(node.frame - before.frame, node.periods);
    } else {
      assert.ok(near(latentOf(experience, before), latentOf(experience, node)), "a link joins what looks the same");
    }
  });
  assert.ok(path.lastPeriods >= 1 && path.lastPeriods <= horizon);
}

test("a path connects start and goal by what was lived or looks the same, and none is cheaper", () => {
  const random = new Random(7);
  let found = 0;
  for (let round = 0; round < 120; round++) {
    const options = { ...OPTIONS, linkWithin: random.uniform(0.3, 1.2), linkCost: random.uniform(0, 3), spacing: random.uniform(0, 0.8) };
    const experience = walks(random, 2 + random.below(4), 2 + random.below(9));
    const graph = new ExperienceGraph(experience, options);
    assert.equal(graph.size, nodesOf(experience, options).length);
    const [start, goal] = [0, 1].map(() => Float32Array.of(random.uniform(0, 3), random.uniform(0, 3))) as [Float32Array, Float32Array];
    const path = graph.path(start, goal);
    const wanted = bestByTrying(experience, options, start, goal);
    if (path === undefined) {
      assert.equal(wanted, Infinity);
      continue;
    }
    found++;
    assertConnects(experience, path, start, goal, options);
    assert.ok(Math.abs(path.cost - wanted) < 1e-4 * wanted, `${path.cost}, by trying all ${wanted}`);
  }
  assert.ok(found > 30 && found < 110, `${found} of 120 worlds have a path, some have none`);
});

test("it joins two stretches that were never lived together", () => {
  const experience = experienceOf([
    [[0, 0], [1, 0], [2, 0]],
    [[2, 0.1], [2, 1], [2, 2]],
    [[9, 9], [9, 8]],
  ]);
  const path = new ExperienceGraph(experience, { ...OPTIONS, linkWithin: 0.3 }).path(Float32Array.of(0, 0.1), Float32Array.of(2, 2.1))!;
  assert.deepEqual(path.nodes.map(({ stretch, frame, by }) => [stretch, frame, by]), [[0, 0, "link"], [0, 1, "lived"], [0, 2, "lived"], [1, 0, "link"], [1, 1, "lived"], [1, 2, "lived"]]);
});

test("time runs one way: what was lived is not gone backwards", () => {
  const graph = new ExperienceGraph(experienceOf([[[0, 0], [1, 0], [2, 0]]]), { ...OPTIONS, linkWithin: 0.3 });
  assert.ok(graph.path(Float32Array.of(0, 0), Float32Array.of(2, 0)) !== undefined);
  assert.equal(graph.path(Float32Array.of(2, 0), Float32Array.of(0, 0)), undefined);
});

test("frames that may not be used are neither nodes nor passed over", () => {
  const experience = experienceOf([[[0, 0], [1, 0], [2, 0], [3, 0]]]);
  const graph = new ExperienceGraph(experience, { ...OPTIONS, linkWithin: 0.3, usable: ({ frame }) => frame !== 2 });
  assert.equal(graph.size, 3);
  assert.ok(graph.path(Float32Array.of(0, 0), Float32Array.of(1, 0)) !== undefined);
  assert.equal(graph.path(Float32Array.of(0, 0), Float32Array.of(3, 0)), undefined);
});

test("what the model does not foresee is gone round where there is another way", async () => {
  const experience = experienceOf([
    [[0, 0], [1, 0], [2, 0]],
    [[0, 0.1], [0.5, 1], [1, 1], [1.5, 1], [2, 0.1]],
  ]);
  const graph = new ExperienceGraph(experience, { ...OPTIONS, linkWithin: 0.3 });
  const way = (): number => graph.path(Float32Array.of(0, 0), Float32Array.of(2, 0))!.nodes[0]!.stretch;
  assert.equal(way(), 0);
  await graph.weigh(({ stretch }) => Promise.resolve(stretch === 0 ? 9 : 0));
  assert.equal(way(), 1);
});

test("a path's frames are all that was lived, with times that rise by a period", () => {
  const experience = walks(new Random(3), 3, 12);
  const graph = new ExperienceGraph(experience, { ...OPTIONS, spacing: 5, linkWithin: 2 });
  const path = graph.path(latentOf(experience, { stretch: 0, frame: 0 }), latentOf(experience, { stretch: 0, frame: 11 }))!;
  const frames = livedFrames(path);
  frames.forEach((at, i) => {
    const before = frames[i - 1];
    if (before?.piece !== at.piece) return;
    assert.equal(at.stretch, before.stretch);
    assert.equal(at.frame, before.frame + 1);
    assert.equal(at.time, before.time + 1);
  });
  const node = new Set(path.nodes.map(({ stretch, frame }) => `${stretch}/${frame}`));
  assert.equal(frames.filter(({ stretch, frame }) => node.has(`${stretch}/${frame}`)).length, path.nodes.length);
});

test("no horizon and no distance make no graph", () => {
  const experience = experienceOf([[[0, 0]]]);
  assert.throws(() => new ExperienceGraph(experience, { ...OPTIONS, horizon: 0 }), /the horizon is 0/);
  assert.throws(() => new ExperienceGraph(experience, { ...OPTIONS, linkWithin: 0 }), /linkWithin is 0/);
});
