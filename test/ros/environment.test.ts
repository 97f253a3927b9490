import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { whatIsWrongWithRos } from "../../src/ros/environment.js";
import { SKIP } from "./graph.js";

describe("whatIsWrongWithRos", () => {
  it("says in one line what is missing and what to do", () => {
    const bare = { ...process.env };
    delete bare["AMENT_PREFIX_PATH"];
    const wrong = whatIsWrongWithRos(bare);
    assert.match(wrong!, /AMENT_PREFIX_PATH is not set.*npm run setup/);
    assert.ok(!wrong!.includes("\n"));
    assert.match(whatIsWrongWithRos({ ...bare, AMENT_PREFIX_PATH: "/nowhere", ROS_DISTRO: "" })!, /ROS_DISTRO is not set/);
  });

  it("finds out that the binary cannot be loaded without touching it", { skip: SKIP }, () => {
    const wrong = whatIsWrongWithRos({ ...process.env, LD_LIBRARY_PATH: "" });
    // A binary with run paths of its own loads all the same.
    if (wrong !== undefined) {
      assert.match(wrong, /cannot be loaded \(.+\); is LD_LIBRARY_PATH set\?/);
    }
    assert.equal(whatIsWrongWithRos(), undefined, "and it is still there");
  });
});
