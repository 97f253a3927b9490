import assert from "node:assert/strict";
import { test } from "node:test";
import { PeriodSampler, type RecordedFrame } from "../../src/record/period-sampler.js";

import type { RgbImage } from "../../src/camera/types.js";

const picture = (value: number): RgbImage => ({ width: 1, height: 1, data: Uint8Array.of(value, value, value) });

interface Run {
  readonly frames: RecordedFrame[];
  readonly gaps: string[];
  readonly sampler: PeriodSampler;
}

function run(periodS = 0.2): Run {
  const frames: RecordedFrame[] = [];
  const gaps: string[] = [];
  const sampler = new PeriodSampler({ periodS, onFrame: (frame) => { frames.push(frame); }, onGap: (why) => { gaps.push(why); } });
  return { frames, gaps, sampler };
}

/** Joints at 100 Hz whose position is their time, pictures at 30 Hz whose pixel counts them, mixed as they come. */
function play({ sampler }: Run, fromS: number, toS: number, more: { readonly pictures?: (index: number) => boolean; readonly joints?: (timeS: number) => boolean } = {}): void {
  for (let tick = Math.round(fromS * 300); tick <= Math.round(toS * 300); tick++) {
    const timeS = tick / 300;
    if (tick % 3 === 0 && more.joints?.(timeS) !== false) sampler.joints(timeS, Float64Array.of(timeS));
    if (tick % 10 === 0 && more.pictures?.(tick / 10) !== false) sampler.picture(timeS, picture((tick / 10) % 250));
  }
}

test("pictures and joints of rates of their own come out at one period, joints at the very time of the picture", () => {
  const given = run();
  play(given, 1, 3);
  given.sampler.end();
  assert.deepEqual(given.gaps, []);
  assert.equal(given.frames.length, 11);
  given.frames.forEach((frame, i) => {
    assert.ok(Math.abs(frame.timeS - 1 - 0.2 * i) < 0.02, "the nearest picture");
    assert.ok(Math.abs(frame.positions[0]! - frame.timeS) < 1e-9, "between the joint states round it");
    assert.equal(frame.image.data[0], Math.round(frame.timeS * 30) % 250);
    assert.deepEqual(frame.setpoint, frame.positions, "without commands the positions stand for them");
  });
});

test("a clock that drifts against the period is followed for as long as a picture is near enough, and then there is a gap", () => {
  const { sampler, frames, gaps } = run();
  for (let i = 0; i <= 100; i++) sampler.joints(0.05 * i, Float64Array.of(i));
  // Every 0.21 s: after five frames 50 ms late, which is the tolerance.
  for (let i = 0; i < 12; i++) sampler.picture(0.21 * i, picture(i));
  sampler.end();
  assert.ok(frames.length >= 10, String(frames.length));
  assert.ok(gaps.length >= 1 && gaps.length <= 2 && gaps.every((gap) => /^no picture within 50 ms of its time for 0\.21 s$/.test(gap)), gaps.join("; "));
});

test("missing pictures and missing joint states are gaps with a reason, and what comes afterwards begins anew", () => {
  const pictures = run();
  play(pictures, 1, 4, { pictures: (index) => index < 60 || index > 90 });
  pictures.sampler.end();
  assert.equal(pictures.gaps.length, 1);
  assert.match(pictures.gaps[0]!, /^no picture within 50 ms of its time for 1\.0/);
  assert.ok(pictures.frames.every(({ timeS }) => timeS < 2 || timeS > 3));
  assert.ok(pictures.frames.some(({ timeS }) => timeS > 3.5));

  const joints = run();
  play(joints, 1, 4, { joints: (timeS) => timeS < 2 || timeS > 3 });
  joints.sampler.end();
  assert.equal(joints.gaps.length, 1, joints.gaps.join("; "));
  assert.match(joints.gaps[0]!, /joint state/);
  assert.ok(joints.frames.every(({ timeS }) => timeS <= 2 || timeS >= 3), "nothing is made up in between");
  assert.ok(joints.frames.some(({ timeS }) => timeS > 3.5));
});

test("commands hold until the next one; messages that are out of order are left out and counted; a cut joins nothing", () => {
  const { sampler, frames } = run();
  sampler.command(0.0, Float64Array.of(7));
  sampler.command(0.3, Float64Array.of(8));
  for (let i = 0; i <= 40; i++) sampler.joints(0.05 * i, Float64Array.of(i));
  sampler.joints(0.5, Float64Array.of(99));
  for (let i = 0; i <= 3; i++) sampler.picture(0.2 * i, picture(i));
  sampler.picture(0.1, picture(200));
  sampler.picture(NaN, picture(200));
  assert.deepEqual(frames.map(({ setpoint }) => setpoint[0]), [7, 7, 8, 8]);
  assert.equal(sampler.outOfOrder, 3);
  sampler.cut();
  sampler.joints(0, Float64Array.of(5));
  sampler.picture(0, picture(1));
  sampler.end();
  assert.equal(frames.length, 5, "after a cut times may begin anew");
  assert.equal(frames[4]!.positions[0], 5);
});
