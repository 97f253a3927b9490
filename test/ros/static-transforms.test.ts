import assert from "node:assert/strict";
import { test } from "node:test";

import { StaticTransforms } from "../../src/ros/static-transforms.js";

import type { TransformMessage } from "../../src/ros/messages.js";

const HALF = Math.SQRT1_2;

function transform(parent: string, child: string, [x, y, z]: readonly number[], [qx, qy, qz, qw]: readonly number[] = [0, 0, 0, 1]): TransformMessage {
  return {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: parent }, child_frame_id: child,
    transform: { translation: { x: x!, y: y!, z: z! }, rotation: { x: qx!, y: qy!, z: qz!, w: qw! } },
  };
}

function assertPlace(found: ReturnType<StaticTransforms["lookUp"]>, wanted: readonly number[]): void {
  assert.ok(found !== undefined);
  found.positionM.forEach((value, i) => { assert.ok(Math.abs(value - wanted[i]!) < 1e-9, `${found.positionM.join()} for ${wanted.join()}`); });
}

test("a camera is found through a tree of other publishers' transforms, up and down", () => {
  const tree = new StaticTransforms();
  tree.take([transform("world", "fr3_link0", [1, 0, 0], [0, 0, HALF, HALF])]);
  tree.take([transform("world", "mount", [1, 2, 0]), transform("/mount", "camera_link", [0, 0, 0.5])]);
  assert.equal(tree.lookUp("fr3_link0", "camera_optical_frame"), undefined, "not yet");
  tree.take([transform("camera_link", "camera_optical_frame", [0, 0, 0], [-0.5, 0.5, -0.5, 0.5])]);
  assertPlace(tree.lookUp("fr3_link0", "camera_optical_frame"), [2, 0, 0.5]);
  assertPlace(tree.lookUp("camera_optical_frame", "fr3_link0"), [2, 0.5, 0]);
  assertPlace(tree.lookUp("mount", "mount"), [0, 0, 0]);
  // A mount that was moved.
  tree.take([transform("world", "mount", [1, 3, 0])]);
  assertPlace(tree.lookUp("fr3_link0", "/camera_optical_frame"), [3, 0, 0.5]);
});

test("loops end, and what is not a transform is left out", () => {
  const tree = new StaticTransforms();
  tree.take([transform("a", "b", [1, 0, 0]), transform("b", "c", [1, 0, 0]), transform("c", "a", [1, 0, 0]), transform("a", "d", [NaN, 0, 0]), transform("a", "e", [0, 0, 0], [0, 0, 0, 0])]);
  assert.equal(tree.lookUp("a", "nowhere"), undefined);
  assert.equal(tree.lookUp("a", "d"), undefined);
  assert.equal(tree.lookUp("a", "e"), undefined);
  assertPlace(tree.lookUp("a", "b"), [1, 0, 0]);
});
