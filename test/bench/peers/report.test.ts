import assert from "node:assert/strict";
import { test } from "node:test";
import { type Contender, CONTENDERS } from "../../../bench/peers/contenders.js";
import { report } from "../../../bench/peers/report.js";
import type { Results } from "../../../bench/peers/results.js";

const contenders = CONTENDERS.filter(({ key }) => ["own-shipped", "swm-cem-small", "swm-cem"].includes(key));

/** Plans of `msAnIteration` whose energy halves with each budget, from `energy`. */
const curve = ({ key, iterations, candidates }: Contender, msAnIteration: number, energy: number): Results["curves"][number] => ({
  contender: key, problem: 0, repeat: 0,
  points: iterations.map((count, i) => ({ iterations: count, rollouts: count * candidates, ms: msAnIteration * count, energy: energy / 2 ** i })),
});

test("the report says who was how much faster to the same energy, and where the goal is missed", () => {
  const curves = [curve(contenders[0]!, 1, 1), curve(contenders[1]!, 4, 1), curve(contenders[2]!, 20, 1)];
  const text = report({
    made: "2026-01-02", bundle: "tiny", horizon: 10, cores: [0], repeats: 1, std: 0.5, gripper: "switched", load: { before: 0.1, after: 0.2 }, processes: ["a", "a", "b"],
    parity: { pictures: 2, latent: 1e-6, candidates: 256, energy: 2e-6 }, contenders, problems: [{ task: "reach", seed: 7 }], scales: [{ lowest: 1 / 32, start: 1 }], curves,
  });
  assert.match(text, /the machine was quiet/);
  assert.match(text, /\n\na; b\. Parity/);
  // 4 iterations: 4 ms against 16 ms.
  assert.match(text, /\| stable-worldmodel CEM \| 128 x 4 \| 512 \| 16 \(16 to 16\) ms \| 4\.0 \|/);
  assert.match(text, /\| stable-worldmodel CEM, 128 x 15 \| 60 ms \| 8\.0 ms \| 7\.5 \(7\.5 to 7\.5\) \| 1 of 1 \| \*\*no\*\* \|/);
  assert.match(text, /\| stable-worldmodel CEM, 300 x 30 \| 600 ms \| 30 ms \| 20\.0 \(20\.0 to 20\.0\) \| 1 of 1 \| yes \|/);
  assert.match(text, /is met against 1 of 2, and \*\*not met\*\* against the others/);
  assert.match(text, /\| jepa-mpc iCEM, as shipped \| 128 \| 8\.0 ms \(100 %\) \| 15 ms \(100 %\) \| 30 ms \(100 %\) \| 30 ms \(100 %\) \|/);
});
