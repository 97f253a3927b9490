import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { GoalLibrary } from "../../src/goals/goal-library.js";
import { GOAL_ERROR } from "../../src/ros/goal-error-code.js";
import { MAX_SUB_GOALS } from "../../src/ros/goal-request.js";
import { bundleIdentity, OnnxWorldModel } from "../../src/world-model/index.js";
import { ActionGoals, packedPicture, SKIP_ACTION } from "./action-goals.js";
import { graphEnv, startController, TINY_BUNDLE } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";

/** Somewhere else than the camera's picture. */
const ELSEWHERE = { seeds: [5] };

describe("the action ~/reach_goal_image, used by a stranger", { skip: SKIP_ACTION, timeout: 200_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let controller: ChildNode;
  let goals: ActionGoals;
  let encoderSha256 = "";
  /** Of the pictures of seeds 0 and 5. */
  let [here, there]: number[][] = [[], []];

  /** Nothing is sent to the robot for three control periods. */
  async function assertStands(): Promise<void> {
    const from = stranger.mark;
    await sleep(650);
    assert.equal(stranger.seen.slice(from).filter((seen) => seen.event === "trajectory").length, 0, "the robot is left in peace");
  }

  before(async () => {
    const library = new GoalLibrary(await mkdtemp(join(tmpdir(), "jepa-mpc-goals-")));
    const png = Buffer.from(await packedPicture(0), "base64");
    const { decodeImage } = await import("../../src/camera/files.js");
    await library.add("here", await decodeImage(png, "here"), "a test");
    const elsewhere = await decodeImage(Buffer.from(await packedPicture(5), "base64"), "elsewhere");
    await library.add("elsewhere", elsewhere, "a test");
    await library.add("closed", elsewhere, "a test", { gripper: "closed" });
    // No picture of seed 0 is as near to that of seed 5 as the bundle asks for, but nearer than this.
    await library.sequences.add("loose", [{ goal: "elsewhere", tolerance: 1e6 }, { goal: "here" }]);
    await library.sequences.add("tight", [{ goal: "here" }, { goal: "elsewhere" }]);
    await library.add("gone", elsewhere, "a test");
    await library.sequences.add("broken", [{ goal: "here" }, { goal: "gone" }]);
    await library.remove("gone", { force: true });
    const model = await OnnxWorldModel.load(TINY_BUNDLE, { threads: 1 });
    encoderSha256 = bundleIdentity(model.manifest).encoderSha256;
    here = [...(await model.encode(await decodeImage(png, "here")))];
    there = [...(await model.encode(elsewhere))];
    await model.close();
    stranger = await Stranger.start(env);
    goals = new ActionGoals(stranger);
    controller = startController(env, [`goals_dir:=${library.dir}`]);
    stranger.do({ do: "camera", on: true });
    stranger.do({ do: "joints", on: true });
    await stranger.status((status) => status.values["state"] === "idle", "idle");
  });

  beforeEach(async () => {
    stranger.do({ do: "camera", on: true, seed: 0 });
    stranger.do({ do: "joints", on: true });
    const from = stranger.mark;
    await stranger.call("Trigger", "/jepa_mpc/reset");
    await stranger.status((status) => status.values["state"] === "idle", "idle after a reset", from);
  });

  after(async () => {
    await controller?.end();
    await stranger?.end();
  });

  it("has the codes that the interface says", async () => {
    const from = stranger.mark;
    stranger.do({ do: "codes" });
    const { codes, most } = await stranger.waitFor((seen) => seen.event === "codes", "the codes", from);
    const camel = (name: string): string => name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    assert.deepEqual(Object.fromEntries(Object.entries(codes as Record<string, number>).map(([name, code]) => [camel(name), code]).sort()),
      Object.fromEntries(Object.entries(GOAL_ERROR).sort()));
    assert.equal(most, MAX_SUB_GOALS);
  });

  it("reaches a picture and says so, with feedback on the way", async () => {
    const { key, accepted } = await goals.send({ seeds: [0], timeout_s: 30 });
    assert.equal(accepted, true);
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code, result.message], ["succeeded", GOAL_ERROR.none, ""]);
    assert.ok(Number(result.energy) < 1e-4 && result.duration_s > 0 && result.duration_s < 30, JSON.stringify(result));
  });

  it("takes a compressed picture and a name", async () => {
    assert.equal((await goals.run({ compressed: [await packedPicture(0)] })).code, GOAL_ERROR.none);
    assert.equal((await goals.run({ names: ["here"] })).code, GOAL_ERROR.none);
  });

  it("goes through sub-goals in their order", async () => {
    const { key } = await goals.send({ seeds: [0, 5] });
    const second = await goals.feedback(key, ({ sub_goal }) => sub_goal === 2, "the second sub-goal");
    assert.equal(second.count, 2);
    stranger.do({ do: "camera", seed: 5 });
    assert.equal((await goals.result(key)).code, GOAL_ERROR.none);
  });

  it("goes through latents in their order, with a tolerance for each", async () => {
    const { key } = await goals.send({ latent_names: ["first", ""], latents: [...here!, ...there!], encoder_sha256: encoderSha256 });
    const second = await goals.feedback(key, ({ sub_goal }) => sub_goal === 2, "the second sub-goal");
    assert.equal(second.count, 2);
    await goals.feedback(key, ({ sentence }) => /"first, latent 2" \(2 of 2, "latent 2"\)/.test(sentence), "the names of latents");
    stranger.do({ do: "camera", seed: 5 });
    assert.equal((await goals.result(key)).code, GOAL_ERROR.none);
    assert.equal((await goals.run({ latent_names: ["a", "b"], latents: [...here!, ...there!], encoder_sha256: encoderSha256, tolerances: [1e6, 0] })).code, GOAL_ERROR.none);
  });

  it("says what is wrong with latents that are not of its model, and the goal before goes on", async () => {
    const before = await goals.under(ELSEWHERE);
    const [a, b] = [here!, there!];
    const good: Readonly<Record<string, unknown>> = { latent_names: ["a", "b"], latents: [...a, ...b], encoder_sha256: encoderSha256 };
    for (const [fields, why] of [
      [{ encoder_sha256: "0".repeat(64) }, /the latents were made with the encoder "000000000000", and this controller has [0-9a-f]{12} \(bundle tiny\)/],
      [{ encoder_sha256: "" }, /encoder_sha256 does not say which encoder made the latents/],
      [{ latents: a }, /latents has \d+ values; 2 latents of bundle tiny have \d+/],
      [{ latents: [...a, ...b.slice(0, -1), "nan"] }, /latents must be finite numbers; value \d+ of latent 2 is NaN/],
      [{ grippers: ["", "open"] }, /bundle tiny cannot be told that the gripper is open/],
    ] as const) {
      const result = await goals.run({ ...good, ...fields });
      assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.invalidGoal]);
      assert.match(result.message, why);
    }
    const from = stranger.mark;
    await goals.feedback(before, ({ state }) => state === "planning", "the one before going on", from);
  });

  it("goes through a stored sequence with the tolerance of each of its goals", async () => {
    const { key } = await goals.send({ names: ["loose"] });
    // The picture is that of the second goal all the time: the first is only reached by its own tolerance.
    assert.equal((await goals.feedback(key, ({ sub_goal }) => sub_goal === 2, "the second sub-goal")).count, 2);
    assert.equal((await goals.result(key)).code, GOAL_ERROR.none);
    const tight = await goals.send({ names: ["tight"] });
    const second = await goals.feedback(tight.key, ({ sub_goal }) => sub_goal === 2, "the second sub-goal");
    assert.equal(second.count, 2);
    const result = await goals.result(tight.key);
    assert.equal(result.code, GOAL_ERROR.noProgress, "without one it is the bundle's");
  });

  it("takes a tolerance for each entry, which a sequence's own goes before", async () => {
    assert.equal((await goals.run({ seeds: [5, 0], tolerances: [1e6, 0] })).code, GOAL_ERROR.none);
    assert.equal((await goals.run({ names: ["here", "elsewhere"], tolerances: [0, 1e6] })).code, GOAL_ERROR.none);
    assert.equal((await goals.run({ names: ["loose", "tight"], tolerances: [0, 1e6] })).code, GOAL_ERROR.none, "for all goals of a sequence without one of their own");
    assert.equal((await goals.run({ names: ["loose"], tolerances: [1e-12], timeout_s: 20 })).code, GOAL_ERROR.none, "not for those with one");
  });

  it("says which goal of a sequence is missing, and that this model cannot be told about the gripper", async () => {
    const broken = await goals.run({ names: ["broken"] });
    assert.deepEqual([broken.status, broken.code], ["aborted", GOAL_ERROR.unknownGoal]);
    assert.match(broken.message, /sequence broken needs the goal gone, which is not in/);
    for (const fields of [{ names: ["closed"] }, { seeds: [0], grippers: ["open"] }]) {
      const told = await goals.run(fields);
      assert.deepEqual([told.status, told.code], ["aborted", GOAL_ERROR.invalidGoal]);
      assert.match(told.message, /bundle tiny cannot be told that the gripper is (closed|open): its manifest has no latent\.readable\.gripper/);
    }
    const many = await goals.run({ names: Array.from({ length: 17 }, () => "tight") });
    assert.deepEqual([many.status, many.code], ["aborted", GOAL_ERROR.invalidGoal]);
    assert.match(many.message, /has 34 sub-goals together; at most 32 are taken/);
  });

  it("takes a sequence by its name on the topic, too", async () => {
    const from = stranger.mark;
    stranger.do({ do: "goal_name", name: "tight" });
    await stranger.status((status) => /"tight" \(2 of 2, "elsewhere"\)/.test(status.message), "the second goal of the sequence", from);
  });

  it("tells how far it is", async () => {
    const key = await goals.under(ELSEWHERE);
    const seen = await goals.feedback(key, ({ energy }) => typeof energy === "number", "an energy");
    assert.ok(Number(seen.energy) > 0 && Number(seen.share) > 0 && Number(seen.share) < 10, JSON.stringify(seen));
    assert.ok(Number(seen.plan_age_s) >= 0 && Number(seen.plan_age_s) < 5 && Number(seen.solve_time_s) > 0, JSON.stringify(seen));
    assert.deepEqual([seen.sub_goal, seen.count], [1, 1]);
    assert.match(seen.sentence, /Going for|Planning/);
  });

  it("has a tolerance for each goal", async () => {
    assert.equal((await goals.run({ ...ELSEWHERE, tolerance: 1e6 })).code, GOAL_ERROR.none);
  });

  it("gives up when the time is over, and stands then", async () => {
    const result = await goals.run({ ...ELSEWHERE, timeout_s: 1.5 });
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.timeout]);
    assert.match(result.message, /Not reached within 1\.5 s/);
    assert.ok(result.duration_s >= 1.5 && result.steps > 0, JSON.stringify(result));
    await assertStands();
  });

  it("brakes and stands when it is canceled", async () => {
    const key = await goals.under(ELSEWHERE);
    const from = stranger.mark;
    stranger.do({ do: "cancel", key });
    const answer = await stranger.waitFor((seen) => seen.event === "cancel_answer", "the answer", from);
    assert.equal(answer["canceling"], 1);
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code], ["canceled", GOAL_ERROR.canceled]);
    await stranger.trajectory("the stop", from);
    await assertStands();
  });

  it("gives way to a newer goal of the action, and the robot goes on to that one", async () => {
    const first = await goals.under(ELSEWHERE);
    const second = await goals.send({ seeds: [7] });
    assert.equal(second.accepted, true);
    const result = await goals.result(first);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.preempted]);
    assert.match(result.message, /Replaced by the goal "goal\d+-7"/);
    const from = stranger.mark;
    await stranger.status((status) => status.values["goal"] === `${second.key}-7` && Number(status.values["steps"]) > 0, "a step to the second", from);
    assert.ok(!stranger.seen.slice(from).some((seen) => seen.event === "status" && (seen["values"] as Record<string, string>)["goal"] === `${first}-5`), "never back to the first");
  });

  it("gives way to a goal from a topic, and takes over from one", async () => {
    const first = await goals.under(ELSEWHERE);
    stranger.do({ do: "goal", seed: 7, name: "from-topic" });
    assert.equal((await goals.result(first)).code, GOAL_ERROR.preempted);
    await stranger.status((status) => status.values["goal"] === "from-topic", "the topic's goal");
    assert.equal((await goals.run({ seeds: [0] })).code, GOAL_ERROR.none);
    stranger.do({ do: "goal_compressed", png: await packedPicture(3), name: "packed" });
    await stranger.status((status) => status.values["goal"] === "packed", "the compressed topic's goal");
  });

  it("says what is wrong with a goal that turns out to be unusable, and the one before goes on", async () => {
    const first = await goals.under(ELSEWHERE);
    const unknown = await goals.run({ names: ["nowhere"] });
    assert.deepEqual([unknown.status, unknown.code], ["aborted", GOAL_ERROR.unknownGoal]);
    assert.match(unknown.message, /there is no goal nowhere/);
    const damaged = await goals.run({ compressed: [(await packedPicture(0)).slice(0, 200)] });
    assert.deepEqual([damaged.status, damaged.code], ["aborted", GOAL_ERROR.invalidGoal]);
    assert.match(damaged.message, /damaged PNG/);
    const from = stranger.mark;
    await goals.feedback(first, ({ state }) => state === "planning", "the first one going on", from);
  });

  it("refuses malformed goals", async () => {
    for (const [fields, why] of [
      [{}, "nothing"], [{ seeds: [1], names: ["here"] }, "two kinds"], [{ seeds: [1], encoding: "rgb16" }, "an unknown encoding"],
      [{ seeds: [1], tolerance: -1 }, "a negative tolerance"], [{ names: ["../etc"] }, "no name"], [{ seeds: [1], timeout_s: -2 }, "a negative time"],
      [{ seeds: [1, 2], tolerances: [1] }, "one tolerance for two"], [{ seeds: [1], tolerances: [-1] }, "a negative tolerance of its own"],
      [{ seeds: [1], grippers: ["ajar"] }, "no state of a gripper"], [{ names: ["here"], grippers: ["open", "open"] }, "two grippers for one"],
      [{ latents: [1, 2] }, "latents without names"], [{ seeds: [1], latent_names: ["a"] }, "a picture and a latent"],
      [{ latent_names: ["a"], latents: [1], tolerances: [1, 2] }, "two tolerances for one latent"],
      [{ names: Array.from({ length: MAX_SUB_GOALS + 1 }, () => "here") }, "too many"],
    ] as const) {
      assert.equal((await goals.send(fields)).accepted, false, why);
    }
    assert.match(controller.lastLine, /goal of ~\/reach_goal_image refused: goal_names has 33 entries/);
  });

  it("ends with ~/stop, and takes nothing until ~/reset", async () => {
    const key = await goals.under(ELSEWHERE);
    await stranger.call("Trigger", "/jepa_mpc/stop");
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.stopped]);
    assert.equal((await goals.send(ELSEWHERE)).accepted, false);
    await assertStands();
    await stranger.call("Trigger", "/jepa_mpc/reset");
    assert.equal((await goals.run({ seeds: [0] })).code, GOAL_ERROR.none);
  });

  it("waits while paused and goes on at the same sub-goal", async () => {
    const { key } = await goals.send({ seeds: [0, 5] });
    await goals.feedback(key, ({ state, sub_goal }) => state === "planning" && sub_goal === 2, "the second sub-goal");
    await stranger.call("SetBool", "/jepa_mpc/pause", { data: true });
    let from = stranger.mark;
    const paused = await goals.feedback(key, ({ state }) => state === "paused", "the pause", from);
    assert.equal(paused.sub_goal, 2);
    await assertStands();
    from = stranger.mark;
    await stranger.call("SetBool", "/jepa_mpc/pause", { data: false });
    await goals.feedback(key, ({ state, sub_goal }) => state === "planning" && sub_goal === 2, "going on", from);
    const { values } = await stranger.status(({ values: { state } }) => state === "planning", "the status of going on", from);
    assert.deepEqual([values["sub_goal_number"], values["sub_goals"]], ["2", "2"]);
    stranger.do({ do: "camera", seed: 5 });
    assert.equal((await goals.result(key)).code, GOAL_ERROR.none);
  });

  it("ends when the camera stops, and stays there when it is back", async () => {
    const key = await goals.under(ELSEWHERE);
    stranger.do({ do: "camera", on: false });
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.camera]);
    assert.match(result.message, /no camera picture for/);
    stranger.do({ do: "camera", on: true });
    await assertStands();
  });

  it("ends when the joint states stop", async () => {
    const key = await goals.under(ELSEWHERE);
    stranger.do({ do: "joints", on: false });
    assert.equal((await goals.result(key)).code, GOAL_ERROR.jointStates);
  });

  it("ends when nothing gets better", async () => {
    const result = await goals.run(ELSEWHERE);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.noProgress]);
    assert.match(result.message, /does not fall\. Given up/);
    await assertStands();
  });

  it("ends when the node is deactivated, and takes nothing then", async () => {
    const key = await goals.under(ELSEWHERE);
    const from = stranger.mark;
    assert.equal((await stranger.call("ChangeState", "/jepa_mpc/change_state", { label: "deactivate" }))["success"], true);
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.deactivated]);
    await stranger.trajectory("the stop", from);
    assert.equal((await goals.send(ELSEWHERE)).accepted, false);
    await assertStands();
    assert.equal((await stranger.call("ChangeState", "/jepa_mpc/change_state", { label: "activate" }))["success"], true);
  });

  it("ends when the process is interrupted", async () => {
    const key = await goals.under(ELSEWHERE);
    process.kill(controller.pid!, "SIGINT");
    const result = await goals.result(key);
    assert.deepEqual([result.status, result.code], ["aborted", GOAL_ERROR.deactivated]);
    assert.equal(await controller.ended, "ended with code 0");
  });
});
