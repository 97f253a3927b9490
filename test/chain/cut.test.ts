import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../sim/random.js";
import { cutIntoLegs } from "../../src/chain/cut.js";

/** Times that rise by 1 to `most`. */
function drawTimes(random: Random, count: number, most: number): number[] {
  let time = 0;
  return Array.from({ length: count }, () => (time += 1 + random.below(most)));
}

test("no leg is longer than a horizon, and all lead on to the last frame", async () => {
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    const horizon = 4 + random.below(8);
    const times = drawTimes(random, 1 + random.below(40), 1 + random.below(horizon));
    const check = random.uniform() < 0.3 ? undefined : (): Promise<number> => Promise.resolve(random.uniform());
    const legs = await cutIntoLegs({ times, horizon, passBelow: 0.4, ...(check === undefined ? {} : { check }) });
    assert.equal(legs.at(-1)!.to, times.length - 1);
    legs.forEach(({ to, energy, passed }, i) => {
      const from = i === 0 ? 0 : times[legs[i - 1]!.to]!;
      assert.ok(times[to]! - from <= horizon, `${times[to]! - from} periods of ${horizon}`);
      assert.ok(i === 0 || to > legs[i - 1]!.to);
      if (check !== undefined) assert.equal(passed, energy <= 0.4);
    });
  }
});

test("without a check legs are as long as they can be", async () => {
  const legs = await cutIntoLegs({ times: [1, 2, 3, 4, 5, 6, 7], horizon: 3, passBelow: 1 });
  assert.deepEqual(legs.map(({ to }) => to), [2, 5, 6]);
  assert.ok(legs.every(({ passed, energy }) => passed && Number.isNaN(energy)));
});

test("a leg that leaves too much is tried shorter", async () => {
  const asked: [number, number][] = [];
  const check = (from: number, to: number): Promise<number> => {
    asked.push([from, to]);
    return Promise.resolve(to - from > 4 ? 1 : 0);
  };
  const legs = await cutIntoLegs({ times: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], horizon: 8, check, passBelow: 0.5 });
  assert.deepEqual(legs.map(({ to }) => to), [3, 7, 9]);
  assert.deepEqual(asked.slice(0, 3), [[-1, 7], [-1, 5], [-1, 3]]);
});

test("where none is good enough the best is taken, and said to have failed", async () => {
  const legs = await cutIntoLegs({ times: [1, 2, 3, 4, 5], horizon: 5, check: (_, to) => Promise.resolve(to === 2 ? 3 : 4), passBelow: 1 });
  assert.deepEqual(legs[0], { to: 2, energy: 3, passed: false });
});

test("frames that are no good end are passed over, unless there is nothing else", async () => {
  const times = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const legs = (avoid: (index: number) => boolean) => cutIntoLegs({ times, horizon: 4, passBelow: 1, avoid });
  assert.deepEqual((await legs((i) => i === 3)).map(({ to }) => to), [2, 6, 9]);
  assert.deepEqual((await legs(() => true)).map(({ to }) => to), [3, 7, 9]);
});

test("legs end where they have to, whatever passes", async () => {
  const times = Array.from({ length: 20 }, (_, i) => i + 1);
  assert.deepEqual((await cutIntoLegs({ times, horizon: 8, passBelow: 1, through: [5, 7] })).map(({ to }) => to), [5, 7, 15, 19]);
});
