import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { SIMULATOR_PARAMETERS } from "../../sim/ros/parameters.js";
import { checkParameter } from "../../src/ros/parameter-spec.js";
import { interfaceDocs } from "../../src/ros/interface-docs.js";
import { parameterDocs } from "../../src/ros/parameter-docs.js";
import { parameterTable } from "../../src/ros/parameter-table.js";
import { CONTROLLER_PARAMETERS, jointLimitParameters } from "../../src/ros/parameters.js";
import { ROOT } from "./graph.js";

import type { ParameterSpec } from "../../src/ros/parameter-spec.js";

const COUNT: ParameterSpec = { type: "integer", default: 3, range: [1, 9], changes: "static", description: "A count." };
const SHARE: ParameterSpec = { type: "double", default: 0.5, range: [0, 1], changes: "dynamic", description: "A share." };
const NAMES: ParameterSpec = { type: "string_array", default: ["a"], changes: "static", description: "Names." };
const BOX: ParameterSpec = { type: "double_array", default: [0, 0], length: 2, changes: "static", description: "A box." };

function reason(name: string, spec: ParameterSpec, given: unknown): string {
  const checked = checkParameter(name, spec, given);
  assert.ok(!checked.ok, `${String(given)} should be refused`);
  return checked.reason;
}

function value(spec: ParameterSpec, given: unknown): unknown {
  const checked = checkParameter("x", spec, given);
  assert.ok(checked.ok, `${String(given)} should be taken`);
  return checked.value;
}

describe("checkParameter", () => {
  it("takes what fits, as ROS delivers it", () => {
    assert.equal(value(COUNT, 9n), 9);
    assert.equal(value(SHARE, 0.25), 0.25);
    assert.equal(value(SHARE, 1n), 1, "a whole number for a double");
    assert.deepEqual(value(NAMES, ["b", "c"]), ["b", "c"]);
    assert.deepEqual(value(BOX, [1n, 2n]), [1, 2]);
  });

  it("refuses the rest, naming parameter, value and what is allowed", () => {
    assert.equal(reason("count", COUNT, 10n), "count must lie in 1 to 9, not 10");
    assert.equal(reason("count", COUNT, 2.5), "count must be of type integer, not 2.5");
    assert.equal(reason("count", COUNT, "4"), 'count must be of type integer, not "4"');
    assert.equal(reason("share", SHARE, Number.NaN), "share must be a finite number, not NaN");
    assert.equal(reason("share", SHARE, undefined), "share must be of type double, not unset");
    assert.equal(reason("names", NAMES, ["a", "a"]), 'names names "a" twice');
    assert.match(reason("names", NAMES, []), /a list of at least one non-empty string/);
    assert.equal(reason("box", BOX, [1]), "box must have 2 numbers, not 1");
    assert.match(reason("box", BOX, [1, Number.POSITIVE_INFINITY]), /finite/);
    assert.equal(reason("mode", { type: "string", default: "a", choices: ["a", "b"], changes: "static", description: "" }, "c"), 'mode must be one of a, b, not "c"');
    assert.match(reason("flag", { type: "bool", default: true, changes: "static", description: "" }, "true"), /of type bool/);
  });
});

describe("the parameter lists", () => {
  const lists = { controller: CONTROLLER_PARAMETERS, joints: jointLimitParameters(["j1"]), simulator: SIMULATOR_PARAMETERS };
  for (const [list, specs] of Object.entries(lists)) {
    it(`${list}: every default passes its own check and every description is a sentence`, () => {
      for (const [name, spec] of Object.entries<ParameterSpec>(specs)) {
        assert.deepEqual(checkParameter(name, spec, spec.default).ok, true, name);
        assert.match(spec.description, /^[A-Z`].*\.$/, name);
      }
    });

    it(`${list}: the table has a row for each`, () => {
      const table = parameterTable(specs);
      for (const name of Object.keys(specs)) {
        assert.ok(table.includes(`| \`${name}\` |`), name);
      }
    });
  }
});

describe("docs/parameters.md", () => {
  it("is what the declarations say", () => {
    const file = join(ROOT, "docs", "parameters.md");
    assert.equal(readFileSync(file, "utf8"), parameterDocs(), "run: npm run build && node dist/src/ros/parameter-docs.js > docs/parameters.md");
  });
});

describe("docs/interfaces.md", () => {
  it("is what the declarations say", () => {
    const file = join(ROOT, "docs", "interfaces.md");
    assert.equal(readFileSync(file, "utf8"), interfaceDocs(), "run: npm run build && node dist/src/ros/interface-docs.js > docs/interfaces.md");
  });
});
