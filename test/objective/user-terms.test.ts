import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, it } from "node:test";

import { createTerms, userTermLines } from "../../src/objective/index.js";
import { loadModuleTerm } from "../../src/objective/module-term.js";
import { CONTEXT, costsOf, held, rollouts } from "../planner/terms-context.js";

describe("lines of user terms", () => {
  const lines = (text: string): unknown => userTermLines("objective.expressions", text, "expression");

  it("are name: weight: text, a line each or between semicolons, with comments and empty lines", () => {
    assert.deepEqual(lines("# mine\n\n low : 2.5 : x < 1 ? a : b \nother: 1e-2: z; third: 0: 1"), [
      { name: "low", weight: 2.5, text: "x < 1 ? a : b" }, { name: "other", weight: 0.01, text: "z" }, { name: "third", weight: 0, text: "1" },
    ]);
    assert.deepEqual(lines(""), []);
  });

  it("are refused with the parameter, the line and what belongs there", () => {
    const cases: [string, RegExp][] = [
      ["x + 1", /^Error: parameter objective\.expressions: "x \+ 1" is not of the form name: weight: expression$/],
      ["a: 1", /is not of the form name: weight: expression/],
      ["Tall One: 1: x", /"Tall One" is no name for a term: use lower-case letters/],
      ["a: heavy: x", /the weight of a is "heavy": write a number of at least 0/],
      ["a: -1: x", /the weight of a is "-1"/],
      ["a: Infinity: x", /the weight of a is "Infinity"/],
      ["a: : x", /the weight of a is ""/],
      ["a: 1:", /a has no expression/],
      ["a: 1: x; a: 2: y", /names "a" twice/],
      [Array.from({ length: 33 }, (_, i) => `a${i}: 1: x`).join("\n"), /has 33 lines: at most 32/],
    ];
    for (const [text, refusal] of cases) assert.throws(() => lines(text), refusal);
  });
});

const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-terms-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let written = 0;

async function module(source: string): Promise<string> {
  const file = join(folder, `term-${written++}.mjs`);
  await writeFile(file, source);
  return file;
}

const GOOD = `
  export function createTerm({ stateNames, horizon }) {
    const z = stateNames.indexOf("ee_z");
    return {
      needsStates: true,
      initialize(context) { if (context.horizon !== horizon) throw new Error("another context"); },
      score({ count, horizon, stateDim, from, to, states }, costs) {
        for (let c = 0; c < count; c++) for (let h = from; h < to; h++) costs[c] += states[(c * horizon + h) * stateDim + z] / (to - from);
        states.fill(9);
      },
    };
  }
`;

describe("a term out of a module", () => {
  it("scores as it was written, under the name of the parameter, and cannot write into what the search goes on with", async () => {
    const file = await module(GOOD);
    for (const path of [file, relative(process.cwd(), file)]) {
      const term = await loadModuleTerm("height", path, CONTEXT);
      assert.deepEqual([term.name, term.needsStates, term.needsJoints], ["height", true, false]);
      const given = rollouts({ tool: [held([0, 0, 0.25]), held([0, 0, 0.5])] });
      const before = given.states!.slice();
      assert.deepEqual(costsOf(term, given), [0.25, 0.5]);
      assert.deepEqual(given.states, before);
    }
  });

  it("may be made asynchronously and out of a class", async () => {
    const file = await module("class T { #one = 1; needsJoints = true; initialize() {} score({ count, start }, costs) { for (let c = 0; c < count; c++) costs[c] = this.#one * start.joints.positions[0]; } } export const createTerm = async () => new T();");
    const term = await loadModuleTerm("one", file, CONTEXT);
    assert.deepEqual(costsOf(term, rollouts({ energies: [[0, 0, 0, 0]] })), [1]);
    assert.ok(term.needsStates, "joints are estimated from states");
  });

  it("is refused in one line that names term and module", async () => {
    const cases: [string, RegExp][] = [
      ["export const x = 1;", /exports no function createTerm/],
      ["export const createTerm = 3;", /exports no function createTerm/],
      ["export const createTerm = () => undefined;", /gave undefined from createTerm: it must be an object/],
      ["export const createTerm = () => null;", /gave null from createTerm/],
      ["export const createTerm = () => ({ score() {} });", /gave a term without the function initialize/],
      ["export const createTerm = () => ({ initialize() {}, score: 1 });", /gave a term without the function score/],
      ["export const createTerm = () => ({ initialize() {}, score() {}, needsStates: 1 });", /whose needsStates is 1: it must be true or false/],
      ["export const createTerm = () => { throw new Error('no\\nluck'); };", /failed in createTerm: no luck$/],
      ["throw new Error('at once');", /cannot be loaded: at once$/],
      ["export const = 1;", /cannot be loaded: /],
      ["import 'nothing-of-that-name';", /cannot be loaded: Cannot find package/],
    ];
    for (const [source, refusal] of cases) {
      const file = await module(source);
      await assert.rejects(loadModuleTerm("mine", file, CONTEXT), (error: Error) => {
        assert.match(error.message, refusal);
        assert.ok(error.message.startsWith(`objective term mine: module ${file} `) && !error.message.includes("\n"), error.message);
        return true;
      });
    }
    await assert.rejects(loadModuleTerm("mine", join(folder, "nowhere.mjs"), CONTEXT), /module .*nowhere\.mjs cannot be loaded/);
  });

  it("that fails or waits while it works becomes an error with its name", async () => {
    const failing = await loadModuleTerm("mine", await module("export const createTerm = () => ({ initialize() {}, score() { throw new Error('tired'); } });"), CONTEXT);
    assert.throws(() => costsOf(failing, rollouts({ energies: [[0, 0, 0, 0]] })), /objective term mine: module .* failed in score: tired$/);
    const waiting = await loadModuleTerm("mine", await module("export const createTerm = () => ({ initialize() {}, async score() { throw new Error('late'); } });"), CONTEXT);
    assert.throws(() => costsOf(waiting, rollouts({ energies: [[0, 0, 0, 0]] })), /has a score that is asynchronous/);
    const sick = await loadModuleTerm("mine", await module("export const createTerm = () => ({ initialize() { throw new Error('no'); }, score() {} });"), CONTEXT);
    assert.throws(() => sick.initialize(CONTEXT), /failed in initialize: no$/);
  });
});

describe("createTerms", () => {
  it("makes every kind out of plain data that survives a copy to a worker", async () => {
    const config = structuredClone({
      context: CONTEXT,
      terms: [
        { kind: "action_smoothness", weight: 1 }, { kind: "joint_centring", weight: 1 }, { kind: "gripper_effort", weight: 1 },
        { kind: "workspace", weight: 1, low: [0, 0, 0], high: [1, 1, 1], marginM: 0.1 },
        { kind: "keep_out", weight: 1, marginM: 0.1, shapes: [{ shape: "sphere", centerM: [0, 0, 0], radiusM: 1 }] },
        { kind: "expression", name: "mine", weight: 1, expression: "energy" },
        { kind: "module", name: "yours", weight: 0, path: await module(GOOD) },
      ],
    } as const);
    const set = await createTerms(config);
    set.begin(rollouts({ energies: [[0, 0, 0, 0]] }).start);
    assert.deepEqual(set.statistics.map(({ name }) => name),
      ["goal_energy", "action_smoothness", "joint_centring", "gripper_effort", "workspace", "keep_out", "mine"]);
    assert.deepEqual([set.needingStates, set.needingJoints], ["joint_centring", "joint_centring"]);
  });

  it("refuses what cannot be, with one line", async () => {
    await assert.rejects(createTerms({ context: CONTEXT, terms: [{ kind: "expression", name: "keep_out", weight: 1, expression: "1" }, { kind: "keep_out", weight: 0, shapes: [], marginM: 1 }] }),
      /objective term keep_out is there twice/);
    await assert.rejects(createTerms({ context: { ...CONTEXT, stateNames: [] }, terms: [{ kind: "workspace", weight: 0, low: [0, 0, 0], high: [1, 1, 1], marginM: 0.1 }] }), /workspace needs ee_x/);
  });
});

describe("the documentation's example", () => {
  it("is a term: it costs to come down near the table, and nothing to go up or to be high", async () => {
    const term = await loadModuleTerm("slow_descent", join("docs", "examples", "objective-term.mjs"), CONTEXT);
    const given = rollouts({ tool: [held([0, 0, 0.05]), held([0, 0, 0.05]), held([0, 0, 0.2])] });
    const moving = given.states!.slice();
    [-0.2, 0.2, -0.2].forEach((vz, c) => { for (let h = 0; h < 4; h++) moving[(c * 4 + h) * 7 + 6] = vz; });
    const costs = costsOf(term, { ...given, states: moving });
    [0.5, 0, 0].forEach((wanted, c) => assert.ok(Math.abs(costs[c]! - wanted) < 1e-6, String(costs)));
  });
});
