import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

import fc from "fast-check";

import { compileExpression } from "../../src/objective/expression.js";
import { ExpressionTerm } from "../../src/objective/expression-term.js";
import { type ScoredRollouts, TermSet } from "../../src/planner/index.js";
import { ACTION_DIM, CONTEXT, costsOf, held, HORIZON, rollouts, STATE_DIM } from "../planner/terms-context.js";

const NAMES = ["x", "y", "z", "energy"];

async function value(source: string, values: Readonly<Record<string, number>> = {}): Promise<number> {
  const expression = await compileExpression(source, NAMES);
  return expression.evaluate(expression.variables.map((name) => values[name]!));
}

describe("an expression", () => {
  it("is arithmetic, comparison, choice and the functions of the list", async () => {
    const at = { x: 3, y: -4, z: 0.5, energy: 2 };
    const cases: [string, number][] = [
      ["x + y * 2 ^ 3 - -z", 3 - 32 + 0.5], ["x % 2", 1], ["y % 3", 2], ["-2 ^ 2", -4], ["2 ^ 3 ^ 2", 512], ["x >= 3 and y <= -4", 1], ["not 0", 1], ["+x", 3], ["hypot(x, y)", 5], ["clamp(y, -1, 1)", -1], ["pow(x, 2) / energy", 4.5],
      ["max(x, y, z) - min(x, y, z)", 7], ["z < 1 ? 10 : 20", 10], ["0 < z < 1", 1], ["z > 1 or not (x == 3)", 0], ["x != 3 and true", 0],
      ["atan2(0, -1) - pi", 0], ["square(sin(x)) + square(cos(x))", 1], ["abs(y) + sign(y) + floor(z) + ceil(z) + round(2.4)", 4 - 1 + 0 + 1 + 2],
      ["log(exp(z)) + sqrt(4) + tanh(0)", 2.5], ["z < 1 ? Infinity : 0", Infinity],
    ];
    for (const [source, wanted] of cases) {
      const got = await value(source, at);
      assert.ok(got === wanted || Math.abs(got - wanted) < 1e-12, `${source} is ${got}, not ${wanted}`);
    }
    assert.ok(Number.isNaN(await value("sqrt(y)", at)), "no complex numbers");
    assert.ok(Number.isNaN(await value("log(y)", at)));
    assert.equal(await value("1 / (z - 0.5)", at), Infinity);
  });

  it("knows its variables", async () => {
    const { variables } = await compileExpression("max(z, 0) + x * x + pi", NAMES);
    assert.deepEqual([...variables].sort(), ["x", "z"]);
  });

  /** Everything that reaches for more than its variables, with the part that the refusal names. */
  const ATTACKS: [source: string, named: RegExp][] = [
    ['import({a: 1})', /import\(\) is not a function here/],
    ['import("fs")', /import\(\)/],
    ['createUnit("foo")', /createUnit\(\)/],
    ['evaluate("1")', /evaluate\(\)/],
    ['parse("1")', /parse\(\)/],
    ['compile("1").evaluate()', /is not a function here/],
    ["constructor", /constructor is not known/],
    ["constructor(1)", /constructor\(\) is not a function here/],
    ["toString()", /toString\(\) is not a function here/],
    ["hasOwnProperty(x)", /hasOwnProperty\(\)/],
    ["__proto__", /__proto__ is not known/],
    ["__proto__(1)", /__proto__\(\)/],
    ["x.constructor", /"x\.constructor" is not allowed \(Accessor\)/],
    ['x["constructor"]', /is not allowed \(Accessor\)/],
    ["x.constructor.constructor(1)", /is not a function here/],
    ['sqrt.constructor("return process")()', /cannot be read/],
    ['sqrt.constructor("return process")', /is not a function here/],
    ["x[1]", /is not allowed \(Accessor\)/],
    ["sqrt", /sqrt is a function: call it/],
    ["x = 1", /"x = 1" is not allowed \(Assignment\)/],
    ["x.y = 1", /is not allowed \(Assignment\)/],
    ["sqrt = abs", /Assignment/],
    ["f(a) = a", /is not allowed \(FunctionAssignment\)/],
    ["map([1, 2], f(a) = a)", /map\(\)/],
    ["x; y", /is not allowed \(Block\)/],
    ["x\ny", /is not allowed \(Block\)/],
    ["1:1000000000", /is not allowed \(Range\)/],
    ["sum(1:1000000000)", /sum\(\)/],
    ["max(1:1000000000)", /"1:1e\+9" is not allowed \(Range\)/],
    ["[1, 2]", /is not allowed \(Array\)/],
    ["zeros(100000, 100000)", /zeros\(\)/],
    ["{a: 1}", /is not allowed \(Object\)/],
    ['"text"', /is not a number/],
    ["null", /is not a number/],
    ["NaN", /NaN is not a number/],
    ["2 cm", /has no operator between its parts: write \*/],
    ["2 cm to inch", /operator to is not allowed/],
    ["x in y", /operator in is not allowed/],
    ["3 x", /write \*/],
    ["x!", /operator ! is not allowed/],
    ["factorial(170)", /factorial\(\)/],
    ["x'", /operator ' is not allowed/],
    ["x | y", /operator \| is not allowed/],
    ["x << 2", /operator << is not allowed/],
    ["i", /i is not known; the names are x, y, z, energy, pi/],
    ["e", /e is not known/],
    ["speedOfLight", /speedOfLight is not known/],
    ["q1", /q1 is not known/],
    ["random()", /random\(\) is not a function here/],
    ["sqrt()", /sqrt\(\) takes 1 arguments, not 0/],
    ["clamp(1, 2)", /clamp\(\) takes 3 arguments, not 2/],
    ["hypot(1,1,1,1,1,1,1,1,1)", /hypot\(\) takes 1 to 8 arguments, not 9/],
    ["sqrt(x = 4)", /Assignment/],
    ["x ? y = 1 : 2", /Assignment/],
    ["1 < (x = 2) < 3", /Assignment/],
    ["-(f(y) = 2)", /FunctionAssignment/],
    ["1 +", /cannot be read/],
    ["", /is not a number/],
    ["# nothing", /is not a number/],
    [`${"(".repeat(600)}x${")".repeat(600)}`, /has 1201 characters, at most 1000 are read/],
  ];

  for (const [source, named] of ATTACKS) {
    it(`refuses ${JSON.stringify(source.length > 50 ? `${source.slice(0, 50)}...` : source)} in one line`, async () => {
      await assert.rejects(compileExpression(source, NAMES), (error: Error) => {
        assert.match(error.message, named);
        assert.ok(!error.message.includes("\n"), error.message);
        return true;
      });
    });
  }

  it("deep nesting is read, or refused where the parser gives up", async () => {
    assert.equal(await value(`${"(".repeat(50)}x${")".repeat(50)}`, { x: 2 }), 2);
    await value(`${"(".repeat(490)}x${")".repeat(490)}`, { x: 2 }).then((got) => assert.equal(got, 2), (error: unknown) => assert.match(String(error), /cannot be read/));
  });

  it("has the value that mathjs gives it", async () => {
    const { evaluate } = await import("mathjs");
    const number = fc.constantFrom("x", "y", "z", "energy", "2", "0.25", "pi");
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof({ depthSize: "small" }, number,
        fc.tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/", "%", "<", ">=", "and", "or"), tie("tree")).map((parts) => `(${parts.join(" ")})`),
        fc.tuple(fc.constantFrom("abs", "sin", "exp", "sign", "floor", "tanh", "-", "not "), tie("tree")).map(([f, part]) => `${f}(${part})`),
        fc.tuple(fc.constantFrom("min", "max", "hypot", "atan2", "pow"), tie("tree"), tie("tree")).map(([f, a, b]) => f === "pow" ? `(abs(${a}) ^ ${b})` : `${f}(${a}, ${b})`),
        fc.tuple(tie("tree"), tie("tree"), tie("tree")).map(([a, b, c]) => `((${a}) ? (${b}) : (${c}))`)),
    }));
    await fc.assert(fc.asyncProperty(tree, fc.array(fc.integer({ min: -24, max: 24 }).map((eighths) => eighths / 8), { minLength: 4, maxLength: 4 }), async (source, numbers) => {
      const at = Object.fromEntries(NAMES.map((name, i) => [name, numbers[i]!]));
      let wanted: unknown;
      try {
        wanted = evaluate(source, { ...at });
      } catch {
        return;
      }
      // Infinities and complex numbers go other ways on other paths. The numbers are eighths: mathjs compares with a tolerance.
      fc.pre(typeof wanted === "number" || typeof wanted === "boolean");
      fc.pre(Number.isFinite(Number(wanted)));
      const got = await value(source, at);
      fc.pre(Number.isFinite(got));
      assert.ok(Math.abs(got - Number(wanted)) <= 1e-9 * Math.max(1, Math.abs(got)), `${source} at ${JSON.stringify(at)} is ${got}, not ${Number(wanted)}`);
    }), { numRuns: 300 });
  });

  it("no text of its alphabet gets further than numbers", async () => {
    const piece = fc.constantFrom("x", "y", "z", "energy", "1", "0.5", "+", "-", "*", "/", "^", "(", ")", ",", "sqrt(", "max(", "constructor", ".", "[", "]", "=", ";", ":", "?", "<", "'", "\"", "{", "}", "import(", "->", "%", " ", "and", "not", "!");
    await fc.assert(fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
      let expression;
      try {
        expression = await compileExpression(pieces.join(""), NAMES);
      } catch {
        return;
      }
      assert.ok(expression.variables.every((name) => NAMES.includes(name)));
      const values = Object.freeze(expression.variables.map(() => 0.3));
      assert.equal(typeof expression.evaluate(values), "number");
    }), { numRuns: 1500 });
  });

  it("mathjs is only loaded when there is one", async () => {
    const hooks = `export async function resolve(name, context, next) {
      if (name.startsWith("mathjs")) throw new Error("mathjs was asked for");
      return next(name, context);
    }`;
    const script = `
      import { register } from "node:module";
      register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
      const { createTerms } = await import("./dist/src/objective/index.js");
      const context = ${JSON.stringify({ ...CONTEXT, joints: [] })};
      await createTerms({ context, terms: [{ kind: "action_smoothness", weight: 1 }] });
      await createTerms({ context, terms: [{ kind: "expression", name: "a", weight: 1, expression: "x" }] }).catch((error) => { console.log(error.message); });
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    assert.match(stdout, /mathjs was asked for/);
  });
});

describe("an expression as a term", () => {
  const compile = (source: string): Promise<ExpressionTerm> => ExpressionTerm.compile("mine", source, CONTEXT);
  const given: ScoredRollouts = {
    ...rollouts({ tool: [held([0.1, 0.2, 0.3]), held([0.4, 0.5, 0.6])], actions: [held([0.01, 0, 0, 1]), held([0.02, 0, 0, 0])], energies: [[1, 2, 3, 4], [5, 6, 7, 8]] }),
  };

  it("is the mean over the judged steps, with the names of state, action, joints, energy, step and horizon", async () => {
    const cases: [string, number[], boolean, boolean][] = [
      ["x + 10 * y + 100 * z", [0.1 + 2 + 30, 0.4 + 5 + 60], true, false],
      ["dx * 100 + gripper", [2, 2], false, false],
      ["energy", [2.5, 6.5], false, false],
      ["step / horizon", [2.5 / 4, 2.5 / 4], false, false],
      ["opening + vx + vy + vz", [0, 0], true, false],
      // shoulder 1 + 2 x, wheel 5 + x + y + z; the finger stays.
      ["q1", [1.2, 1.8], true, true],
      ["q3 + 1000 * q4", [5 + 0.6 + 20, 5 + 1.5 + 20], true, true],
      ["2", [2, 2], false, false],
    ];
    for (const [source, wanted, states, joints] of cases) {
      const term = await compile(source);
      assert.deepEqual([term.needsStates, term.needsJoints], [states, joints], source);
      costsOf(term, given).forEach((cost, c) => assert.ok(Math.abs(cost - wanted[c]!) < 1e-5, `${source} is ${cost}, not ${wanted[c]}`));
    }
    assert.deepEqual(costsOf(await compile("step"), { ...given, from: 1, to: 3 }), [2.5, 2.5]);
  });

  it("a value that is no finite number at any judged step rules the candidate out and is counted", async () => {
    const set = new TermSet([{ term: await compile("energy > 6.5 ? 1 / 0 : sqrt(3.5 - energy) * 0"), weight: 1 }], CONTEXT);
    set.begin(given.start);
    const energies = Float64Array.of(1, 1, 1);
    const three = { ...rollouts({ energies: [[1, 2, 3, 3], [1, 2, 3, 4], [1, 2, 3, 7]] }) };
    set.add(three, energies);
    assert.deepEqual([...energies], [1, Infinity, Infinity]);
    assert.deepEqual([set.statistics[1]!.nonFinite, set.statistics[1]!.candidates], [2, 3]);
    const early = new Float64Array(3);
    (await compile("energy > 6.5 ? 1 / 0 : 0")).score({ ...three, stateDim: STATE_DIM, to: 3, start: given.start }, early);
    assert.deepEqual([...early], [0, 0, 0], "steps that do not count are not judged");
  });

  it("one term's values do not leak into another's", async () => {
    const [a, b] = [await compile("energy"), await compile("energy * 2")];
    assert.deepEqual([costsOf(a, given), costsOf(b, given), costsOf(a, given)], [[2.5, 6.5], [5, 13], [2.5, 6.5]]);
  });

  it("names the term and the expression when it is refused", async () => {
    await assert.rejects(compile("x.y"), /^Error: objective term mine, "x\.y": "x\.y" is not allowed \(Accessor\)/);
    const blind = { ...CONTEXT, stateNames: ["position"] };
    await assert.rejects(ExpressionTerm.compile("mine", "x", blind), /x is not known; the names are dx, dy, dz, gripper, energy, step, horizon, pi/);
    await assert.rejects(ExpressionTerm.compile("mine", "q1", { ...CONTEXT, joints: [] }), /q1 is not known/);
  });

  it("a bundle's action cannot take the place of a name or a function", async () => {
    const odd = { ...CONTEXT, actionNames: ["x", "max", "energy", "gripper"] };
    const term = await ExpressionTerm.compile("mine", "max(x, energy)", odd);
    assert.deepEqual(costsOf(term, rollouts({ tool: [held([0.5, 0, 0])], energies: [[0, 0, 1, 1]], actions: [held([9, 9, 9, 9])] }), odd), [0.75]);
    assert.equal(ACTION_DIM * HORIZON, 16);
  });

  it("a whole plan's population takes milliseconds", async () => {
    const term = await compile("max(0, 0.1 - z) * hypot(vx, vy) + 0.1 * (q1 - 1) ^ 2");
    term.initialize(CONTEXT);
    const many = { ...rollouts({ tool: Array.from({ length: 128 }, (_, c) => held([c / 128, 0, 0.05])) }) };
    const costs = new Float64Array(128);
    const begin = performance.now();
    for (let i = 0; i < 10; i++) term.score(many, costs);
    assert.ok(performance.now() - begin < 2000, "far slower than it ever was");
  });
});
