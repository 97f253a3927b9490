import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { IndexedPlans } from "../../src/control/indexed-plans.js";
import { experienceOf } from "../../src/memory/experience.js";
import { madeUpEpisode } from "./made-up-episode.js";
import { writeEpisode } from "./write-episode.js";

const HORIZON = 6;
const BOUNDS = { low: Float32Array.of(-0.04, -0.04, -0.04, 0), high: Float32Array.of(0.04, 0.04, 0.04, 1) };

describe("experience", () => {
  test("is what was seen and executed, in stretches that end where a step is missing or the arm held", () => {
    const [one, other] = [madeUpEpisode({ seed: 1, steps: 7 }), madeUpEpisode({ seed: 2, steps: 3 })];
    // The third picture was dropped, and before the sixth the arm held for a second.
    const steps = one.steps.filter(({ index }) => index !== 2).map((step) => ({ ...step, timeS: step.timeS + (step.index >= 5 ? 1 : 0) }));
    const { stretches, latents, states, actions, frames, periods } = experienceOf([{ header: one.header, steps }, other].map(({ header, steps: all }) => ({ header, steps: all.map((step) => ({ ...step, picture: { format: "png", data: new Uint8Array(0) } })) })) as never);
    assert.deepEqual(stretches.map(({ episode, periods: count }) => [episode, count]), [[0, 1], [0, 1], [0, 1], [1, 2]]);
    assert.deepEqual([frames, periods, latents.length, states.length, actions.length], [9, 5, 90, 36, 20]);
    assert.deepEqual(latents.subarray(20, 30), one.steps[3]!.latent);
    assert.deepEqual(actions.subarray(0, 4), one.steps[0]!.actions.subarray(0, 4));
    assert.deepEqual(actions.subarray(16, 20), other.steps[1]!.actions.subarray(0, 4));
  });

  test("of nothing is nothing", () => {
    assert.equal(experienceOf([]).frames, 0);
    assert.equal(experienceOf([{ header: madeUpEpisode({ seed: 1 }).header, steps: [] }]).stretches.length, 0);
  });
});

describe("remembered plans", () => {
  test("are what was executed in the nearest place, of episodes that were reached; new ones are taken up by update()", async () => {
    const dir = await mkdtemp(join(tmpdir(), "plans-"));
    const [reached, held] = [madeUpEpisode({ seed: 1, steps: 3 }), madeUpEpisode({ seed: 2, steps: 3, outcome: { kind: "held" } })];
    const falling = (episode: typeof reached): typeof reached => ({ ...episode, steps: episode.steps.map((step) => ({ ...step, startEnergy: 1 - 0.1 * step.index })) });
    const plans = await IndexedPlans.open({ dir, rolloutSha256: "f".repeat(64), latentDim: 10, horizon: HORIZON, bounds: BOUNDS });
    const { latent } = reached.steps[0]!;
    const goal = reached.header.subGoals[0]!.latent;
    assert.equal((await plans.near(latent, goal)).length, 0);
    for (const episode of [reached, held]) await writeEpisode(dir, falling(episode));
    assert.equal((await plans.near(latent, goal)).length, 0, "not before update()");
    await plans.update();
    const found = await plans.near(latent, goal);
    // The last step of the episode led nowhere that is known.
    assert.equal(found.length, 2 * HORIZON * 4);
    const executed = reached.steps.flatMap(({ actions }) => [...actions.subarray(0, 4)]);
    assert.deepEqual([...found.subarray(0, 12)], executed);
    const last = executed.at(-1)!;
    assert.deepEqual([...found.subarray(12, 24)], [0, 0, 0, last, 0, 0, 0, last, 0, 0, 0, last], "then it rests, the gripper as it was");
    assert.equal((await plans.near(new Float32Array(3), goal)).length, 0, "a latent of another size has no neighbours");
  });

  test("a memory that is broken is said, and costs a plan nothing", async () => {
    const dir = await mkdtemp(join(tmpdir(), "plans-"));
    const problems: string[] = [];
    const plans = await IndexedPlans.open({ dir, rolloutSha256: "f".repeat(64), latentDim: 10, horizon: HORIZON, bounds: BOUNDS, onProblem: (sentence) => { problems.push(sentence); } });
    await writeEpisode(dir, madeUpEpisode({ seed: 1 }));
    await plans.update();
    assert.equal((await plans.near(new Float32Array(10).fill(NaN), new Float32Array(10))).length % (HORIZON * 4), 0);
    assert.deepEqual(problems, []);
  });
});
