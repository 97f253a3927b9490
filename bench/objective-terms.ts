/**
 * What the objective's terms cost a plan: node dist/bench/objective-terms.js [bundle]
 *
 * One population of the bundle's search, rolled out by its model, is judged as often as the search has iterations.
 */
import { performance } from "node:perf_hooks";

import { createTerms, type TermConfig } from "../src/objective/index.js";
import { OnnxWorldModel } from "../src/world-model/index.js";
import { median } from "./statistics.js";

const JOINTS = 8;
const REPEATS = 200;
const EXPRESSIONS = [
  "z", "max(0, 0.1 - z) * hypot(vx, vy)", "0.1 * (q4 + 2)^2", "exp(-((x - 0.5)^2 + y^2 + (z - 0.1)^2) / 0.01) + (energy > 1 ? 2 : 0) + 0.1 * q4^2",
];
const TERMS: readonly TermConfig[] = [
  { kind: "action_smoothness", weight: 1 },
  { kind: "joint_centring", weight: 1 },
  { kind: "gripper_effort", weight: 1 },
  { kind: "workspace", weight: 1, low: [0.35, -0.22, 0.02], high: [0.65, 0.22, 0.32], marginM: 0.02 },
  {
    kind: "keep_out", weight: 1, marginM: 0.03,
    shapes: [
      { shape: "box", centerM: [0.5, 0, 0.1], sizeM: [0.1, 0.1, 0.2], rotationRpyRad: [0, 0, 0.3] },
      { shape: "sphere", centerM: [0.6, 0.1, 0.1], radiusM: 0.05 },
      { shape: "half_space", pointM: [0, 0.7, 0], normal: [0, -1, 0] },
    ],
  },
  ...EXPRESSIONS.map((expression, i): TermConfig => ({ kind: "expression", name: `expression_${i}`, weight: 1, expression })),
];

const model = await OnnxWorldModel.load(process.argv[2] ?? "models/arm-objects-jepa");
const { action, state, horizon, planning, name } = model.manifest;
const { candidates: count, iterations } = planning ?? { candidates: 128, iterations: 4 };
const latent = new Float32Array(model.latentDim);
const goal = new Float32Array(model.latentDim).fill(0.3);
const start = Float32Array.from(state.names, (_, i) => [0.5, 0, 0.12, 0.08][i] ?? 0);
const actions = Float32Array.from({ length: count * horizon * model.actionDim }, (_, i) => {
  const a = i % model.actionDim;
  return action.low[a]! + (((i * 7919) % 1000) / 1000) * (action.high[a]! - action.low[a]!);
});
if (model.scoreWithStates === undefined) throw new Error(`bundle ${name} gives no states`);
const scoreMs: number[] = [];
const statesMs: number[] = [];
for (let i = 0; i < REPEATS; i++) {
  let begin = performance.now();
  await model.score(latent, start, actions, count, goal);
  scoreMs.push(performance.now() - begin);
  begin = performance.now();
  await model.scoreWithStates(latent, start, actions, count, goal);
  statesMs.push(performance.now() - begin);
}
const { stepEnergies, states } = await model.scoreWithStates(latent, start, actions, count, goal);
console.log(`${name}: ${iterations} iterations of ${count} candidates and ${horizon} steps; medians of ${REPEATS}, ms a plan`);
console.log(`roll-outs ${(iterations * median(scoreMs)).toFixed(2)}, with states ${(iterations * median(statesMs)).toFixed(2)}`);

const context = {
  horizon, periodS: action.period_s, actionNames: action.names, low: action.low, high: action.high, stateNames: state.names, fullOpeningM: 0.08,
  joints: Array.from({ length: JOINTS }, (_, i) => ({ name: `joint${i + 1}`, lower: -2, upper: 2, movesTool: i < JOINTS - 1 })),
};
const joints = { positions: new Float64Array(JOINTS), perMetre: new Float64Array(3 * JOINTS).fill(1) };
const rollouts = { count, horizon, actionDim: model.actionDim, from: 1, to: horizon, actions, stepEnergies, states };
const energies = new Float64Array(count);
for (const config of TERMS) {
  const made = performance.now();
  const terms = await createTerms({ context, terms: [config] });
  const madeMs = performance.now() - made;
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    terms.begin({ state: start, joints });
    const begin = performance.now();
    for (let k = 0; k < iterations; k++) terms.add(rollouts, energies);
    times.push(performance.now() - begin);
  }
  console.log(`${(config.kind === "expression" ? config.expression : config.kind).padEnd(84)} ${median(times).toFixed(3)} (first ${times[0]!.toFixed(1)}, made in ${madeMs.toFixed(0)})`);
}
await model.close();
