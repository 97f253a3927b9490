import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../sim/random.js";
import { MinHeap } from "../../src/chain/min-heap.js";
import { NeighbourGrid } from "../../src/chain/neighbour-grid.js";
import { euclidean } from "../../src/chain/projection.js";

test("a heap gives keys in order, whatever was put in and taken out between", () => {
  const random = new Random(1);
  const heap = new MinHeap();
  const inside: number[] = [];
  for (let i = 0; i < 3000; i++) {
    if (inside.length > 0 && random.uniform() < 0.45) {
      const top = heap.pop()!;
      inside.sort((a, b) => a - b);
      assert.equal(top.key, inside.shift());
      assert.equal(top.value, 2 * top.key);
    } else {
      const key = random.below(200);
      heap.push(key, 2 * key);
      inside.push(key);
    }
  }
  while (inside.length > 0) {
    inside.sort((a, b) => a - b);
    assert.equal(heap.pop()!.key, inside.shift());
  }
  assert.equal(heap.pop(), undefined);
});

test("neighbours are those that a look at every point finds", () => {
  const random = new Random(2);
  for (const dimensions of [1, 2, 5]) {
    const draw = (): Float64Array => Float64Array.from({ length: dimensions }, (_, i) => random.normal(1 + i));
    const points = Array.from({ length: 300 }, draw);
    const grid = new NeighbourGrid(points, 0.7);
    for (const within of [0.1, 0.7, 1.9]) {
      for (let i = 0; i < 20; i++) {
        const asked = draw();
        const found = grid.near(asked, within).sort((a, b) => a.node - b.node);
        const wanted = points.flatMap((point, node) => (euclidean(asked, point) <= within ? [{ node, distance: euclidean(asked, point) }] : []));
        assert.deepEqual(found, wanted);
      }
    }
  }
});
