import assert from "node:assert/strict";
import { test } from "node:test";
import { ChainFinder } from "../../src/chain/chain-finder.js";
import { experienceOf } from "./experience-of.js";
import { apart, HORIZON, LIVED, LIVED_WITH_ERRORS, LIVED_WITH_JUMPS, options, type Place, scene } from "./lived-table.js";
import { latentOfScene, placeOf } from "./scenes.js";

test("a thing far away is taken, carried and put down, by way of sub-goals that each are within a horizon", async () => {
  const finder = new ChainFinder(options());
  const [start, goal] = [scene([0.4, -0.15, 0.03], [0.6, 0.1, 0.03]), scene([0.55, 0.0, 0.03], [0.6, 0.1, 0.03])];
  const chain = (await finder.find(start, goal))!;
  const latents = chain.links.map(({ latent }) => latent);
  assert.deepEqual(latents.at(-1), goal);
  assert.ok(latents.length >= 3 && latents.length <= 12, `${latents.length} sub-goals`);
  assert.ok(latents.some((latent) => placeOf(latent, "narrow")[2]! > 0.06), "it is in the air on the way");
  latents.forEach((latent, i) => {
    assert.ok(apart(latent, goal, "wide") < 1e-4, "the other thing stays");
    // Places go at most 4 cm a period; what was joined and moved into the scene may be a little farther.
    assert.ok(apart(latent, latents[i - 1] ?? start, "hand") <= 0.04 * HORIZON + 0.1, `leg ${i}`);
  });
  assert.ok(chain.links.slice(0, -1).every(({ source }) => source === undefined || LIVED.stretches[source.stretch] !== undefined));
});

test("two things are moved one after the other, and the last sub-goal is the goal", async () => {
  const finder = new ChainFinder(options());
  const [start, goal] = [scene([0.4, -0.15, 0.03], [0.4, 0.15, 0.03]), scene([0.6, -0.05, 0.03], [0.6, 0.1, 0.03])];
  const chain = (await finder.find(start, goal))!;
  const owner = chain.links.map(({ name }) => name.split(":")[0]);
  assert.deepEqual([...new Set(owner)].sort(), ["narrow", "wide"]);
  assert.equal(owner.filter((name, i) => i > 0 && name !== owner[i - 1]).length, 1, "not in turns");
  const first = owner[0] as "narrow" | "wide";
  const half = chain.links[owner.lastIndexOf(first)]!.latent;
  assert.ok(apart(half, goal, first) < 1e-4 && apart(half, start, first === "narrow" ? "wide" : "narrow") < 1e-4);
  assert.deepEqual(chain.links.at(-1)!.latent, goal);
});

test("a place that is taken is cleared first", async () => {
  const finder = new ChainFinder(options());
  // The narrow thing is nearer to where it is to be, but the wide one stands there.
  const [start, goal] = [scene([0.5, -0.05, 0.03], [0.5, 0.06, 0.03]), scene([0.5, 0.06, 0.03], [0.62, -0.18, 0.03])];
  const chain = (await finder.find(start, goal))!;
  assert.match(chain.links[0]!.name, /^wide/);
});

test("only the hand has to move: the goal is the chain", async () => {
  const start = scene([0.4, -0.15, 0.03], [0.6, 0.1, 0.03]);
  const goal = latentOfScene({ hand: [0.4, 0.1, 0.1], opening: 0.08, narrow: [0.41, -0.15, 0.03], wide: [0.6, 0.1, 0.03] });
  assert.deepEqual((await new ChainFinder(options()).find(start, goal))!.links.map(({ latent }) => latent), [goal]);
});

test("where nothing was lived, there is no chain", async () => {
  const finder = new ChainFinder(options());
  assert.equal(await finder.find(scene([2, 2, 0.03], [0.6, 0.1, 0.03]), scene([0.5, 0, 0.03], [0.6, 0.1, 0.03])), undefined);
});

test("where a thing was only seen to go elsewhere by itself, there is no chain either", async () => {
  const [start, goal] = [scene([0.4, -0.15, 0.03], [0.6, 0.1, 0.03]), scene([0.55, 0.1, 0.03], [0.6, 0.1, 0.03])];
  assert.equal(await new ChainFinder(options({ experience: LIVED_WITH_JUMPS })).find(start, goal), undefined);
  assert.ok(await new ChainFinder(options()).find(start, goal) !== undefined);
});

test("what is taken is where the hand is, though a remembered picture has it beside it", async () => {
  const finder = new ChainFinder(options({ experience: LIVED_WITH_ERRORS }));
  for (const from of [[0.42, -0.12, 0.03], [0.55, 0.15, 0.03], [0.38, 0.1, 0.03]] satisfies Place[]) {
    const start = scene(from, [0.6, -0.12, 0.03]);
    const { links } = (await finder.find(start, scene([0.5, 0.02, 0.03], [0.6, -0.12, 0.03])))!;
    const taken = links.find(({ latent }) => apart(latent, start, "narrow") > 0.02)!.latent;
    const [hand, thing] = [placeOf(taken, "hand"), placeOf(taken, "narrow")];
    assert.ok(Math.hypot(hand[0]! - from[0], hand[1]! - from[1]) < 1e-6, `the hand goes to ${hand.join(" ")} for what lies at ${from.join(" ")}`);
    assert.ok(Math.hypot(thing[0]! - from[0], thing[1]! - from[1]) < 1e-6);
  }
});

test("legs are asked for with the scenes that they lead from and to", async () => {
  const asked: [Float32Array, Float32Array][] = [];
  const finder = new ChainFinder(options({ check: (from, to) => { asked.push([from, to]); return Promise.resolve(0); } }));
  const [start, goal] = [scene([0.4, -0.15, 0.03], [0.6, 0.1, 0.03]), scene([0.55, 0.0, 0.03], [0.6, 0.1, 0.03])];
  const { links } = (await finder.find(start, goal))!;
  assert.deepEqual(asked[0]![0], start);
  assert.deepEqual(asked.map(([, to]) => to), links.map(({ latent }) => latent));
  asked.slice(1).forEach(([from], i) => { assert.deepEqual(from, asked[i]![1]); });
});

test("latents without names are joined as wholes", async () => {
  const along = (y: number): number[][] => Array.from({ length: 12 }, (_, i) => [i, y, 0]);
  const experience = experienceOf([along(0), Array.from({ length: 12 }, (_, i) => [11, i, 0.1])]);
  const finder = new ChainFinder({ experience, horizon: 5, passBelow: 1, trustedBelow: 1, linkWithin: 0.5 });
  const goal = Float32Array.of(11, 11, 0);
  const { links, pieces } = (await finder.find(Float32Array.of(0, 0, 0), goal))!;
  assert.equal(pieces, 2);
  assert.deepEqual(links.at(-1)!.latent, goal);
  for (const { latent, source } of links.slice(0, -1)) assert.deepEqual([...latent], [...experience.stretches[source!.stretch]!.latents.subarray(3 * source!.frame, 3 * source!.frame + 3)]);
  assert.ok(links.length >= 5, "22 periods in legs of 5");
});

test("no experience is refused", () => {
  assert.throws(() => new ChainFinder(options({ experience: { ...LIVED, stretches: [] } })), /no experience/);
});

test("a thing is elsewhere when it is seen farther from a sub-goal's place than pictures err", () => {
  const finder = new ChainFinder(options());
  const wanted = { latent: scene([0.4, -0.15, 0.03], [0.6, 0.1, 0.03]), aimsAt: undefined };
  assert.equal(finder.isElsewhere(scene([0.41, -0.14, 0.03], [0.6, 0.11, 0.03]), wanted), false);
  assert.equal(finder.isElsewhere(scene([0.4, -0.15, 0.09], [0.6, 0.1, 0.03]), wanted), true, "in the hand, and not on the table");
  assert.equal(finder.isElsewhere(scene([0.4, -0.15, 0.03], [0.56, 0.1, 0.03]), wanted), true, "the other one");
  const shifted = scene([0.42, -0.15, 0.03], [0.6, 0.1, 0.03]);
  assert.deepEqual([finder.isElsewhere(shifted, wanted), finder.isElsewhere(shifted, { ...wanted, aimsAt: 0 }), finder.isElsewhere(shifted, { ...wanted, aimsAt: 1 })], [false, true, false], "what is taken next is aimed at more closely");
  const { experience, horizon, passBelow, trustedBelow } = options();
  assert.equal(new ChainFinder({ experience, horizon, passBelow, trustedBelow }).isElsewhere(scene([0.4, 0, 0.03], [0.6, 0.1, 0.03]), wanted), false, "who does not know where things are does not know this");
});

test("a thing is come to as it was come to, taken where it lies, and only then carried", async () => {
  const [from, other]: [Place, Place] = [[0.42, -0.12, 0.03], [0.6, 0.12, 0.03]];
  const start = scene(from, other);
  const { links } = (await new ChainFinder(options()).find(start, scene([0.55, 0.05, 0.03], other)))!;
  const taken = links.findIndex(({ latent }) => apart(latent, start, "narrow") > 0.02);
  const [x, y, z] = placeOf(links[taken]!.latent, "narrow") as Place;
  assert.ok(Math.hypot(x - from[0], y - from[1]) < 1e-6 && z - from[2] > 0.02 && z - from[2] < 0.05, `${x} ${y} ${z}`);
  assert.ok(apart(links[taken]!.latent, start, "hand") > 0.05);
  const before = placeOf(links[taken - 1]!.latent, "hand");
  assert.ok(before[2]! - from[2] > 0.05 && Math.hypot(before[0]! - from[0], before[1]! - from[1]) < 0.05, `from above, at ${before.join(" ")}`);
});
