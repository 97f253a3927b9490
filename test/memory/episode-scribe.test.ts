import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import type { ControllerStatus } from "../../src/control/status.js";
import type { TakenGoal, WitnessedPlan } from "../../src/control/witness.js";
import { EpisodeScribe } from "../../src/memory/episode-scribe.js";
import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "../../src/memory/episode.js";

interface Lived {
  header: EpisodeHeader;
  steps: EpisodeStep[];
  events: EpisodeEvent[];
  outcome?: EpisodeOutcome;
}

const ABOUT = {
  source: "robot", bundle: { name: "tiny", encoderSha256: "a".repeat(64), rolloutSha256: "b".repeat(64) }, periodS: 0.2, actionNames: ["dx"], stateNames: ["ee_x"], jointNames: ["joint1"],
} as const;

function goal(name: string): TakenGoal {
  return { name, reachedBelow: 0.1, subGoals: [{ name, latent: Float32Array.of(1, 2) }] };
}

describe("an episode's scribe", () => {
  let lived: Lived[] = [];
  let nowS = 100;
  let scribe: EpisodeScribe;
  const visits = new Set<TakenGoal>();

  beforeEach(() => {
    lived = [];
    nowS = 100;
    scribe = new EpisodeScribe({
      about: ABOUT, clock: () => nowS, ignores: (taken) => visits.has(taken),
      sink: {
        begin: (header) => { lived.push({ header, steps: [], events: [] }); },
        step: (step) => { lived.at(-1)!.steps.push(step); },
        event: (event) => { lived.at(-1)!.events.push(event); },
        end: (outcome) => { lived.at(-1)!.outcome = outcome; },
      },
    });
  });

  const say = (state: ControllerStatus["state"], more: Partial<ControllerStatus> = {}): void => {
    scribe.said({ state, sentence: `It is ${state}.`, final: false, steps: 0, overruns: 0, retries: 0, ...more });
  };
  const plan = (of: TakenGoal, latent = Float32Array.of(3, 4)): WitnessedPlan => ({
    goal: of, subGoal: 0, askedS: nowS, image: { width: 1, height: 1, data: new Uint8Array(3) }, joints: { positions: Float64Array.of(1), velocities: Float64Array.of(0) },
    state: Float32Array.of(5), committed: 1,
    result: {
      actions: Float32Array.of(1, 2), stepEnergies: Float32Array.of(1, 2), energy: 1, startEnergy: 2, iterations: 1, candidates: 1, ended: "iterations", encodeMs: 1, planMs: 2, latent,
    },
  });

  it("writes a goal down from its beginning to its end, with what is copied being copied", () => {
    const cup = goal("cup");
    scribe.goalTaken(cup);
    say("planning");
    nowS = 100.2;
    const latent = Float32Array.of(3, 4);
    scribe.planned(plan(cup, latent));
    latent.fill(0);
    say("planning", { sentence: "step 2" });
    say("planning", { speedScale: 0.5, sentence: "slowed" });
    nowS = 101;
    say("holding", { holdReason: "plan_late" });
    say("planning");
    say("reached", { final: true });
    say("reached", { final: true });
    assert.equal(lived.length, 1);
    const [{ header, steps, events, outcome }] = lived as [Lived];
    assert.equal(header.goal, "cup");
    assert.deepEqual(steps.map((step) => [step.index, step.timeS.toFixed(3), [...step.latent]]), [[0, "0.200", [3, 4]]]);
    // Not each step's sentence, but every change of state, reason and speed.
    assert.deepEqual(events.map(({ state, sentence }) => `${state} ${sentence}`), [
      "planning It is planning.", "planning slowed", "holding It is holding.", "planning It is planning.", "reached It is reached.",
    ]);
    assert.deepEqual([outcome?.kind, outcome?.steps, outcome?.sentence], ["reached", 1, "It is reached."]);
  });

  it("knows how else an episode ends", () => {
    for (const [end, kind] of [
      [() => { say("holding", { final: true, holdReason: "tracking_error" }); }, "held"],
      [() => { say("stopped", { final: true }); }, "stopped"],
      [() => { say("idle"); }, "stopped"],
      [() => { scribe.goalTaken(goal("next")); }, "replaced"],
    ] as const) {
      scribe.goalTaken(goal("cup"));
      const mine = lived.at(-1)!;
      say("planning");
      end();
      assert.equal(mine.outcome?.kind, kind);
      assert.equal(mine.outcome.holdReason, kind === "held" ? "tracking_error" : undefined);
      say("stopped", { final: true });
    }
  });

  it("does not take the answer to an earlier goal for the present one's", () => {
    const cup = goal("cup");
    scribe.goalTaken(cup);
    const box = goal("box");
    scribe.goalTaken(box);
    scribe.planned(plan(cup));
    scribe.planned(plan(box));
    assert.deepEqual(lived.map(({ steps }) => steps.length), [0, 1]);
  });

  it("begins another episode when a goal that was reached is left and gone for again, and none while it is only watched", () => {
    const cup = goal("cup");
    scribe.goalTaken(cup);
    say("planning");
    say("reached", { final: true });
    scribe.planned(plan(cup));
    assert.deepEqual([lived.length, lived[0]!.steps.length], [1, 0]);
    say("planning");
    scribe.planned(plan(cup));
    say("reached", { final: true });
    assert.deepEqual(lived.map(({ steps, outcome }) => [steps.length, outcome?.kind]), [[0, "reached"], [1, "reached"]]);
  });

  it("leaves out the moves of a calibration", () => {
    const move = goal("place 1");
    visits.add(move);
    scribe.goalTaken(move);
    say("planning");
    scribe.planned(plan(move));
    say("reached", { final: true });
    assert.equal(lived.length, 0);
  });
});
