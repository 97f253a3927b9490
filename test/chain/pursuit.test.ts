import assert from "node:assert/strict";
import { test } from "node:test";
import { ChainFinder } from "../../src/chain/chain-finder.js";
import { Pursuit, type Why } from "../../src/chain/pursuit.js";
import { apart, options, type Place, scene } from "./lived-table.js";
import { latentOfScene, PARTS, placeOf } from "./scenes.js";

const finder = new ChainFinder(options());

test("where nothing gets nearer, the hand gets out of the way before the next way is looked for, but not with a thing in it", async () => {
  const [from, to]: [Place, Place] = [[0.4, -0.15, 0.03], [0.55, 0, 0.03]];
  const other: Place = [0.6, 0.12, 0.03];
  const goal = scene(to, other);
  const pursuit = new Pursuit(finder, goal);
  const beside = latentOfScene({ hand: [0.43, -0.15, 0.04], opening: 0.01, narrow: from, wide: other });
  const back = (await pursuit.next(beside, "stuck"))!;
  assert.deepEqual([back.links.length, back.complete], [1, false]);
  assert.ok(apart(back.links[0]!.latent, goal, "hand") < 1e-6 && apart(back.links[0]!.latent, beside, "narrow") < 1e-6, "the hand as in the goal, things as they are");
  const way = (await pursuit.next(beside, "missed"))!;
  assert.ok(way.links.length > 1 && way.complete);
  assert.ok((await pursuit.next(scene(from, other), "stuck"))!.links.length > 1, "it is out of the way already");
  const carried: Place = [0.45, -0.1, 0.15];
  const held = (await pursuit.next(latentOfScene({ hand: carried, opening: 0.05, narrow: carried, wide: other }), "stuck"))!;
  assert.ok(apart(held.links[0]!.latent, goal, "hand") > 0.08, "it goes on with what it has");
});

test("what is in the hand comes first, then what is surely elsewhere; what may only look so comes last", async () => {
  const goal = scene([0.55, 0, 0.03], [0.6, 0.15, 0.03]);
  const names = async (seen: Float32Array): Promise<string> => (await new Pursuit(finder, goal).next(seen, "begin"))!.links[0]!.name.split(":")[0]!;
  // The wide thing is 4 cm off, which is nearer to its place and cheaper.
  assert.equal(await names(scene([0.4, -0.15, 0.03], [0.56, 0.15, 0.03])), "narrow");
  assert.equal(await names(scene([0.55, 0, 0.03], [0.56, 0.15, 0.03])), "wide");
  const carried: Place = [0.45, 0.05, 0.15];
  assert.equal(await names(latentOfScene({ hand: carried, opening: 0.05, narrow: [0.5, -0.05, 0.03], wide: carried })), "wide");
});

test("a thing that was missed is taken a little beside where it is seen, in another direction each time, and where it is seen again once it lies elsewhere", async () => {
  const [first, second]: [Place, Place] = [[0.4, -0.15, 0.03], [0.46, -0.1, 0.03]];
  const other: Place = [0.6, 0.12, 0.03];
  const pursuit = new Pursuit(finder, scene([0.55, 0, 0.03], other));
  /** Where the hand is to take the narrow thing, from where it is seen, m. */
  const aside = async (at: Place, why: Why): Promise<readonly [number, number]> => {
    const { links } = (await pursuit.next(scene(at, other), why))!;
    const taken = links.find(({ latent }) => placeOf(latent, "narrow")[2]! > 0.06)!.latent;
    for (const { latent, aimsAt } of links) if (aimsAt === 0) assert.ok(Math.hypot(...placeOf(latent, "narrow").map((value, axis) => value - at[axis]!)) < 1e-6, "it lies where it is seen until it is taken");
    return [placeOf(taken, "narrow")[0]!, placeOf(taken, "narrow")[1]!];
  };
  const from = await aside(first, "begin");
  const tries: (readonly [number, number])[] = [];
  for (let i = 0; i < 8; i++) {
    const at = await aside(first, "missed");
    tries.push([at[0] - from[0], at[1] - from[1]]);
  }
  const radii = tries.map(([x, y]) => Math.hypot(x, y));
  assert.ok(radii.every((radius) => radius > 0.003 && radius < 0.02), radii.join(" "));
  assert.ok(tries.every(([x, y], i) => tries.every(([otherX, otherY], j) => i === j || Math.hypot(x - otherX, y - otherY) > 0.003)), "none twice");
  assert.deepEqual(await aside(first, "aim"), await aside(first, "aim"), "to look again is no try");
  assert.deepEqual(await aside(second, "missed"), await new Pursuit(finder, pursuit.goal).next(scene(second, other), "begin")
    .then((chain) => chain!.links.find(({ latent }) => placeOf(latent, "narrow")[2]! > 0.06)!.latent).then((latent) => [placeOf(latent, "narrow")[0]!, placeOf(latent, "narrow")[1]!]));
});

test("a hand that is still at the thing that it missed opens and rises first, and aims anew from there", async () => {
  const [from, other]: [Place, Place] = [[0.4, -0.15, 0.03], [0.6, 0.12, 0.03]];
  const pursuit = new Pursuit(finder, scene([0.55, 0, 0.03], other));
  await pursuit.next(scene(from, other), "begin");
  const beside = latentOfScene({ hand: [0.42, -0.14, 0.04], opening: 0.01, narrow: from, wide: other });
  const { links, thing } = (await pursuit.next(beside, "missed"))!;
  assert.equal(thing, 0);
  const [off, next] = [links[0]!, links[1]!];
  assert.deepEqual([off.name, off.aimsAt], ["off", 0]);
  const hand = placeOf(off.latent, "hand");
  assert.ok(Math.hypot(hand[0]! - 0.42, hand[1]! + 0.14) < 1e-6 && Math.abs(hand[2]! - 0.12) < 1e-6, hand.join(" "));
  assert.equal(off.latent[PARTS.opening], pursuit.goal[PARTS.opening]);
  assert.ok(apart(off.latent, beside, "narrow") < 1e-6 && next.name.startsWith("narrow: "));
  assert.notEqual((await pursuit.next(scene(from, other), "missed"))!.links[0]!.name, "off", "it is away already");
  assert.notEqual((await pursuit.next(beside, "aim"))!.links[0]!.name, "off", "it is where it should be");
});

test("a thing is aimed at anew once, just before it is taken", async () => {
  const pursuit = new Pursuit(finder, scene([0.55, 0, 0.03], [0.6, 0.12, 0.03]));
  const seen = scene([0.4, -0.15, 0.03], [0.6, 0.12, 0.03]);
  const { links } = (await pursuit.next(seen, "begin"))!;
  const aims = links.map(({ aimsAt }) => aimsAt);
  const taken = links.findIndex(({ latent }) => apart(latent, seen, "narrow") > 0.03);
  assert.ok(taken > 0 && aims.slice(0, taken).every((thing) => thing === 0) && aims.slice(taken).every((thing) => thing === undefined), String(aims));
  assert.ok((await pursuit.next(seen, "aim"))!.links.every(({ aimsAt }) => aimsAt === undefined));
});

test("after two tries it is another thing's turn", async () => {
  const pursuit = new Pursuit(finder, scene([0.55, 0, 0.03], [0.6, 0.15, 0.03]));
  const seen = scene([0.4, -0.15, 0.03], [0.45, 0.1, 0.03]);
  const turns: string[] = [];
  for (let i = 0; i < 8; i++) turns.push((await pursuit.next(seen, i === 0 ? "begin" : "missed"))!.links[0]!.name.split(":")[0]!);
  const [first, other] = [turns[0]!, turns[2]!];
  assert.notEqual(first, other);
  assert.deepEqual(turns, [first, first, other, other, first, first, other, other]);
  assert.equal((await pursuit.next(seen, "aim"))!.links[0]!.name.split(":")[0], other, "what the hand is at is not left for another");
});
