import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { demoUrdf } from "../../sim/world.js";
import { FR3_READY, fr3Model } from "../../src/robot/fr3.js";
import { CONTROLLER_PARAMETERS, type ControllerParameters } from "../../src/ros/parameters.js";
import { objectiveMessage } from "../../src/ros/objective-message.js";
import { objectiveTerms, planTerms } from "../../src/ros/objective-terms.js";
import { statusMessage } from "../../src/ros/status-message.js";
import { readManifest } from "../../src/world-model/index.js";
import { graphEnv, ROOT, SKIP, startController, startControllerWith, TINY_BUNDLE } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { KeepOutShape } from "../../src/planner/index.js";
import type { SeenStatus } from "./stranger.js";

const arm = await fr3Model(demoUrdf());
const manifest = await readManifest(TINY_BUNDLE);
const DEFAULTS = Object.fromEntries(Object.entries(CONTROLLER_PARAMETERS).map(([name, { default: value }]) => [name, value])) as unknown as ControllerParameters;
const SPHERE: KeepOutShape = { shape: "sphere", centerM: [0.5, 0, 0.1], radiusM: 0.05 };

function given(change: Partial<ControllerParameters>): ControllerParameters {
  return { ...DEFAULTS, ...change };
}

describe("objective terms out of parameters", () => {
  it("by default no term counts, and joints are not asked for", async () => {
    const terms = await objectiveTerms(DEFAULTS, manifest, arm, []);
    assert.ok(terms.config.terms.every(({ weight }) => weight === 0));
    const told = planTerms(terms, arm, true, () => DEFAULTS, assert.fail)({ positions: Float64Array.from(FR3_READY), velocities: new Float64Array(8) });
    assert.deepEqual(told, { weights: { action_smoothness: 0, joint_centring: 0, gripper_effort: 0, workspace: 0, keep_out: 0 } });
  });

  it("weights, margins, box, zones and the robot's limits are the parameters'", async () => {
    const p = given({ "objective.workspace.weight": 2, "objective.workspace.margin_m": 0.05, "objective.keep_out.weight": 3, "objective.expressions": "low: 4: z" });
    const { config } = await objectiveTerms(p, manifest, arm, [SPHERE]);
    const find = (kind: string): object | undefined => config.terms.find((term) => term.kind === kind);
    assert.deepEqual(find("workspace"), { kind: "workspace", weight: 2, marginM: 0.05, low: [0.35, -0.22, 0.02], high: [0.65, 0.22, 0.32] });
    assert.deepEqual(find("keep_out"), { kind: "keep_out", weight: 3, marginM: 0.03, shapes: [SPHERE] });
    assert.deepEqual(find("expression"), { kind: "expression", name: "low", weight: 4, expression: "z" });
    assert.deepEqual(config.context.joints.map(({ name, movesTool }) => [name, movesTool]), arm.jointNames.map((name, j) => [name, j < 7]));
    assert.equal(config.context.joints[3]!.lower, arm.limits[3]!.lower);
    assert.equal(config.context.fullOpeningM, 0.08);
  });

  it("joints are estimated when a term that counts needs them", async () => {
    let p = given({ "objective.expressions": "elbow: 1: q4^2" });
    const at = { positions: Float64Array.from(FR3_READY), velocities: new Float64Array(8) };
    const joints = planTerms(await objectiveTerms(p, manifest, arm, []), arm, true, () => p, assert.fail)(at).joints!;
    assert.deepEqual([...joints.positions], [...FR3_READY]);
    assert.equal(joints.perMetre.length, 24);
    p = given({ "objective.expressions": "elbow: 0: q4^2" });
    const told = planTerms(await objectiveTerms(p, manifest, arm, []), arm, true, () => p, assert.fail);
    assert.equal(told(at).joints, undefined);
    p = given({ "objective.joint_centring.weight": 1 });
    assert.notEqual(told(at).joints, undefined, "weights are asked for anew at each plan");
  });

  it("a weight that cannot have an effect is refused at the start, and said once when it comes later", async () => {
    await assert.rejects(objectiveTerms(given({ "objective.keep_out.weight": 2 }), manifest, arm, []),
      /^Error: parameter objective\.keep_out\.weight is 2: there are no keep-out zones$/);
    const blind = { ...manifest, state: { ...manifest.state, names: ["a", "b", "c", "d", "e", "f", "g"] } };
    await assert.rejects(objectiveTerms(given({ "objective.workspace.weight": 1 }), blind, arm, []), /objective\.workspace\.weight is 1: objective term workspace needs ee_x/);
    const said: string[] = [];
    const late = given({ "objective.keep_out.weight": 2, "objective.workspace.weight": 1, "objective.action_smoothness.weight": 1 });
    const told = planTerms(await objectiveTerms(DEFAULTS, manifest, arm, []), arm, false, () => late, (sentence) => said.push(sentence));
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(told({ positions: Float64Array.from(FR3_READY), velocities: new Float64Array(8) }).weights,
        { action_smoothness: 1, joint_centring: 0, gripper_effort: 0, workspace: 0, keep_out: 0 });
    }
    assert.deepEqual(said, [
      "objective.workspace.weight has no effect: the bundle's rollout.onnx has no output states; export the bundle again",
      "objective.keep_out.weight has no effect: there are no keep-out zones",
    ]);
  });

  it("bad expressions and names are refused with the parameter", async () => {
    const cases: [Partial<ControllerParameters>, RegExp][] = [
      [{ "objective.expressions": "mine: 1: import(z)" }, /^Error: parameter objective\.expressions: objective term mine, "import\(z\)": import\(\) is not a function here/],
      [{ "objective.expressions": "workspace: 1: z" }, /parameter objective\.expressions: there is a term called workspace already/],
      [{ "objective.expressions": "goal_energy: 1: z" }, /there is a term called goal_energy already/],
      [{ "objective.expressions": "mine: 1: z", "objective.modules": "mine: 1: docs/examples/objective-term.mjs" }, /parameter objective\.modules: there is a term called mine already/],
      [{ "objective.modules": "mine: 1: nowhere.mjs" }, /parameter objective\.modules: the module of mine, "nowhere\.mjs" does not exist \(looked at/],
      [{ "objective.modules": "mine" }, /parameter objective\.modules: "mine" is not of the form name: weight: path of a module/],
    ];
    for (const [change, refusal] of cases) await assert.rejects(objectiveTerms(given(change), manifest, arm, []), refusal);
  });
});

describe("what terms did, as messages", () => {
  const terms = [
    { name: "goal_energy", weight: 1, mean: 2, best: 0.75, share: 0.75, nonFinite: 0, candidates: 128 },
    { name: "mine", weight: 0.5, mean: undefined, best: 0.25, share: 0.25, nonFinite: 3, candidates: 128 },
  ];

  it("~/objective has every number of every term that is known", () => {
    const message = objectiveMessage(terms, "jepa_mpc", "tiny");
    assert.equal(message.level, 0);
    assert.equal(message.message, "goal_energy 75 %, mine 25 %");
    const values = Object.fromEntries(message.values.map(({ key, value }) => [key, value]));
    assert.deepEqual(values, {
      "goal_energy.weight": "1", "goal_energy.mean": "2", "goal_energy.best": "0.75", "goal_energy.share": "0.75", "goal_energy.non_finite": "0", "goal_energy.candidates": "128",
      "mine.weight": "0.5", "mine.best": "0.25", "mine.share": "0.25", "mine.non_finite": "3", "mine.candidates": "128",
    });
  });

  it("a term that rules out every candidate is a warning with its name", () => {
    const message = objectiveMessage([terms[0]!, { ...terms[1]!, nonFinite: 128 }], "jepa_mpc", "tiny");
    assert.deepEqual([message.level, message.message], [1, "mine rules out every candidate"]);
  });

  it("~/status has the cost of each term but the goal energy, and nothing where there are none", () => {
    const status = { state: "planning", sentence: "Going.", final: false, steps: 1, overruns: 0, retries: 0 } as const;
    const keys = (shown: object): string[] => statusMessage({ ...status, ...shown }, "jepa_mpc", "tiny").values.map(({ key }) => key).filter((key) => key.startsWith("term."));
    assert.deepEqual(keys({ terms }), ["term.mine"]);
    assert.deepEqual(keys({}), []);
  });
});

describe("the node with objective terms, seen by a stranger", { skip: SKIP, timeout: 300_000 }, () => {
  const env = graphEnv();
  let folder = "";
  before(async () => { folder = await mkdtemp(join(tmpdir(), "jepa-mpc-objective-")); });
  after(() => rm(folder, { recursive: true, force: true }));

  it("takes terms out of a parameter file, publishes what they do, and takes new weights while it runs", async () => {
    const module = join(folder, "high.mjs");
    await writeFile(module, "export const createTerm = () => ({ initialize() {}, score({ count }, costs) { costs.fill(0.125, 0, count); } });");
    const file = join(folder, "params.yaml");
    await writeFile(file, `/**:
  ros__parameters:
    bundle: ${TINY_BUNDLE}
    objective:
      workspace:
        weight: 0.5
      expressions: |
        # quick only when high
        low_and_fast: 2.0: max(0, 0.1 - z) * hypot(vx, vy)
        elbow: 0.1: (q4 + 2)^2
      modules: "constant: 2: ${module}"
`);
    const stranger = await Stranger.start(env);
    const node = startControllerWith(env, ["--ros-args", "--params-file", file]);
    try {
      stranger.do({ do: "camera", on: true });
      stranger.do({ do: "joints", on: true });
      await stranger.status((status) => status.values["state"] === "idle", "idle");
      stranger.do({ do: "goal", seed: 5, name: "goal" });
      const fits = (wanted: string) => (seen: { event: string }): boolean => seen.event === "objective" && wanted in (seen as SeenStatus).values;
      const seen = await stranger.waitFor<SeenStatus>(fits("constant.best"), "~/objective");
      assert.deepEqual(Object.keys(seen.values).filter((key) => key.endsWith(".weight")),
        ["goal_energy.weight", "workspace.weight", "low_and_fast.weight", "elbow.weight", "constant.weight"]);
      assert.equal(seen.values["constant.mean"], "0.25");
      assert.equal(seen.name, "jepa_mpc: objective");
      const status = await stranger.status(({ values }) => values["term.constant"] !== undefined, "terms in ~/status");
      assert.equal(status.values["term.constant"], "0.25");
      assert.ok(Number(status.values["energy"]) >= 0 && status.values["term.goal_energy"] === undefined);

      const set = await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { "objective.action_smoothness.weight": 1.5, "objective.keep_out.weight": 1, "objective.workspace.weight": 0 } });
      assert.deepEqual((set["results"] as { ok: boolean }[]).map(({ ok }) => ok), [true, true, true]);
      const from = stranger.mark;
      stranger.do({ do: "goal", seed: 7, name: "another" });
      const later = await stranger.waitFor<SeenStatus>(fits("action_smoothness.weight"), "the new weight", from);
      assert.equal(later.values["action_smoothness.weight"], "1.5");
      assert.ok(!("workspace.weight" in later.values) && !("keep_out.weight" in later.values));
      const refused = await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { "objective.expressions": "a: 1: z" } });
      assert.match((refused["results"] as { reason: string }[])[0]!.reason, /objective\.expressions is static/);
    } finally {
      await node.end();
      await stranger.end();
    }
  });

  it("holds and says which term rules every candidate out", async () => {
    const stranger = await Stranger.start(env);
    const node = startController(env, ["objective.expressions:='never: 1: 1 / 0'"]);
    try {
      stranger.do({ do: "camera", on: true });
      stranger.do({ do: "joints", on: true });
      await stranger.status((status) => status.values["state"] === "idle", "idle");
      const from = stranger.mark;
      stranger.do({ do: "goal", seed: 5, name: "goal" });
      const held = await stranger.status((status) => status.values["hold_reason"] === "plan_not_finite" && status.values["final"] === "true", "the hold", from);
      assert.match(held.message, /no candidate is left: never is not finite for (\d+) of \1\./);
      assert.equal(stranger.seen.slice(from).filter((seen) => seen.event === "trajectory").length, 0, "nothing was sent");
    } finally {
      await node.end();
      await stranger.end();
    }
  });

  it("refuses bad terms in one line", async () => {
    for (const [parameter, refusal] of [
      ["objective.expressions:='mine: 1: x = 2'", /parameter objective\.expressions: objective term mine, "x = 2": "x = 2" is not allowed \(Assignment\)/],
      ["objective.modules:='mine: 1: /nowhere.mjs'", /parameter objective\.modules: the module of mine, "\/nowhere\.mjs" does not exist/],
      [`objective.modules:='mine: 1: ${join(ROOT, "package.json")}'`, /objective term mine: module .*package\.json cannot be loaded/],
      ["objective.keep_out.weight:=1.0", /parameter objective\.keep_out\.weight is 1: there are no keep-out zones/],
    ] as const) {
      const node = startController(env, [parameter]);
      assert.equal(await node.ended, "ended with code 1");
      assert.match(node.lastLine, refusal);
    }
  });
});
