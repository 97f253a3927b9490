import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Pacer } from "../../sim/ros/pacer.js";
import { Complaints } from "../../src/ros/complaints.js";
import { ControlClock } from "../../src/ros/control-clock.js";
import { FramePhase } from "../../src/ros/frame-phase.js";
import { judgeStamp } from "../../src/ros/stamp-judge.js";
import { toRosTime, toSeconds } from "../../src/ros/time.js";

const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe("ControlClock", () => {
  it("is the steady clock when time is not simulated", () => {
    let steady = 100;
    const clock = new ControlClock(() => steady);
    steady = 100.7;
    near(clock.now(), 0.7);
  });

  it("keeps the pace of simulated time, from its first message on", () => {
    let steady = 0;
    let sim = 0;
    const clock = new ControlClock(() => steady, () => sim);
    near(clock.now(), 0);
    steady = 0.2;
    sim = 55;
    near(clock.now(), 0);
    steady = 1;
    sim = 55.1;
    near(clock.now(), 0.1);
  });

  it("runs on with the steady clock when simulated time stands still, and never goes back", () => {
    let steady = 0;
    let sim = 10;
    const clock = new ControlClock(() => steady, () => sim);
    steady = 0.5;
    sim = 10.5;
    near(clock.now(), 0.5);
    steady = 1.4;
    near(clock.now(), 0.5);
    steady = 2.5;
    near(clock.now(), 1.5);
    steady = 2.6;
    near(clock.now(), 1.6);
    sim = 3;
    near(clock.now(), 1.6);
    sim = 3.2;
    near(clock.now(), 1.8);
  });
});

describe("ControlClock with jumps of simulated time", () => {
  it("does not go ahead with a clock that jumps, and goes on from there", () => {
    let steady = 0;
    let sim = 10;
    const clock = new ControlClock(() => steady, () => sim);
    steady = 0.01;
    sim = 20.01;
    near(clock.now(), 0);
    steady = 0.02;
    sim = 20.02;
    near(clock.now(), 0.01);
  });

  it("takes fast simulated time for what it is", () => {
    let steady = 0;
    let sim = 10;
    const clock = new ControlClock(() => steady, () => sim);
    steady = 0.1;
    sim = 15;
    near(clock.now(), 5);
  });

  it("says that time has stopped, and that it goes again", () => {
    let steady = 0;
    let sim = 10;
    const clock = new ControlClock(() => steady, () => sim);
    steady = 0.9;
    assert.equal(clock.stopped, false);
    steady = 1.1;
    assert.equal(clock.stopped, true);
    sim = 10.1;
    assert.equal(clock.stopped, false);
    assert.equal(new ControlClock(() => steady).stopped, false, "the steady clock never does");
  });
});

describe("FramePhase", () => {
  it("brings control steps just behind frames, a little at a time", () => {
    const phase = new FramePhase();
    let frameS = 0.03;
    let dueS = 0.2;
    let shifted = 0;
    for (let step = 0; step < 60; step++) {
      for (; frameS <= dueS; frameS += 0.1) {
        phase.onFrame(frameS);
      }
      const shift = phase.shift(dueS + 0.2, 0.003);
      assert.ok(Math.abs(shift) <= 0.003);
      shifted += shift;
      dueS += 0.2 + shift;
    }
    const behindS = (((dueS - 0.03) % 0.1) + 0.1) % 0.1;
    assert.ok(Math.abs(behindS - 0.01) < 1e-6, `${behindS} s behind a frame`);
    assert.ok(Math.abs(shifted) <= 0.05 + 1e-9, "the shorter way round");
  });

  it("says how long a late frame is worth waiting for", () => {
    const phase = new FramePhase();
    for (let i = 0; i <= 20; i++) phase.onFrame(i / 10);
    const wait = (afterS: number): number => Math.round(1000 * phase.dueS(2 + afterS)) / 1000;
    assert.equal(wait(0.01), 0, "a fresh one is there");
    assert.equal(wait(0.08), 0, "that would be long");
    assert.equal(wait(0.095), 0.045, "any moment");
    assert.equal(wait(0.11), 0.03, "late");
    assert.equal(wait(0.2), 0, "too late to hope for it");
  });

  it("leaves the steps alone without a camera, and with an irregular one", () => {
    const phase = new FramePhase();
    assert.equal(phase.shift(1, 0.1), 0);
    assert.equal(phase.dueS(1), 0);
    let frameS = 0;
    for (let i = 0; i < 50; i++) {
      frameS += i % 2 === 0 ? 0.01 : 0.3;
      phase.onFrame(frameS);
    }
    assert.equal(phase.shift(frameS + 0.1, 0.1), 0);
    assert.equal(phase.dueS(frameS + 0.16), 0);
  });
});

describe("Pacer", () => {
  function run(factor: number, realS: number, costS: number): { slices: number; lostS: number } {
    let now = 0;
    const pacer = new Pacer(0.01, () => now);
    pacer.factor = factor;
    let slices = 0;
    while (now < realS) {
      const pace = pacer.next();
      slices += pace.slices;
      now += pace.slices * costS + Math.max(pace.waitMs / 1000, 1e-5);
    }
    return { slices, lostS: pacer.lostS };
  }

  it("keeps real time and multiples of it", () => {
    assert.ok(Math.abs(run(1, 5, 0.001).slices - 500) <= 2);
    assert.ok(Math.abs(run(3, 5, 0.001).slices - 1500) <= 2);
    assert.ok(Math.abs(run(0.5, 5, 0.001).slices - 250) <= 2);
  });

  it("gives lost time up instead of catching up for ever", () => {
    const { slices, lostS } = run(1, 5, 0.02);
    assert.ok(slices <= 251);
    assert.ok(lostS > 2);
  });

  it("runs as fast as possible with factor 0", () => {
    assert.ok(run(0, 1, 0.0005).slices > 1900);
  });
});

describe("judgeStamp", () => {
  it("gives the age, and says what is odd", () => {
    const at = (stampS: number, nowS: number): ReturnType<typeof judgeStamp> => judgeStamp("image", toRosTime(stampS), nowS, 0.5);
    near(at(10, 10.2).ageS, 0.2);
    assert.equal(at(10, 10.2).oddity, undefined);
    assert.equal(at(10.05, 10).ageS, 0);
    assert.match(at(12, 10).oddity!, /2\.00 s in the future/);
    assert.equal(at(12, 10).ageS, 0);
    assert.match(at(5, 10).oddity!, /comes 5\.00 s old/);
    assert.deepEqual(at(0, 10), { stampS: 0, ageS: 0 });
    assert.equal(at(7, 0).ageS, 0, "simulated time has not started");
  });
});

describe("ROS times", () => {
  it("go there and back, whole nanoseconds in [0, 1e9)", () => {
    for (const seconds of [0, 0.2, 1.999999999, 12.0000000004, -0.25]) {
      const { sec, nanosec } = toRosTime(seconds);
      assert.ok(Number.isInteger(sec) && Number.isInteger(nanosec) && nanosec >= 0 && nanosec < 1e9);
      assert.ok(Math.abs(toSeconds({ sec, nanosec }) - seconds) < 1e-9);
    }
  });
});

describe("Complaints", () => {
  it("says the same thing once in two seconds", () => {
    const said: string[] = [];
    let now = 0;
    const complaints = new Complaints((text) => { said.push(text); }, () => now);
    complaints.say("a");
    complaints.say("a");
    complaints.say("age 1", "age");
    complaints.say("age 2", "age");
    now = 2.5;
    complaints.say("a");
    assert.deepEqual(said, ["a", "age 1", "a"]);
  });
});
