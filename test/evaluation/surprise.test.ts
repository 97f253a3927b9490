import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { armEntries, surpriseReference, surpriseSection } from "../../src/control/surprise-reference.js";
import { calibrationRun, formatRun, parseRuns } from "../../src/evaluation/recorded-run.js";
import { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";
import { SurpriseMonitor } from "../../src/surprise/index.js";
import { readManifest } from "../../src/world-model/index.js";

const SHIPPED = join("models", "arm-objects-jepa");
const SURPRISED = ["prediction_surprise", "unfamiliar_scene"];
let simulator: SurpriseEpisodes;

before(async () => {
  simulator = await SurpriseEpisodes.create(SHIPPED);
});
after(() => simulator.close());

function watching(): SurpriseMonitor {
  return new SurpriseMonitor(surpriseReference(simulator.model.manifest)!);
}

test("a lens covered on the way: the arm holds with the reason until it is uncovered, then goes on and arrives", async () => {
  const covered = { from: 3, to: 9 };
  const { statuses, success } = await simulator.run({
    task: "reach", seed: 600_001, surprise: watching(),
    disturb: (image, period) => (period >= covered.from && period < covered.to ? { ...image, data: new Uint8Array(image.data.length) } : image),
  });
  const during = statuses.slice(covered.from + 2, covered.to);
  assert.equal(statuses.slice(0, covered.from).filter(({ state }) => state === "holding").length, 0, JSON.stringify(statuses.slice(0, covered.from)));
  for (const { state, holdReason, final, sentence, surprise } of during) {
    assert.equal(state, "holding", sentence);
    assert.ok(SURPRISED.includes(holdReason!), holdReason);
    assert.equal(final, false);
    assert.match(sentence, /^Holding: the picture .*times the threshold\)\.$/);
    assert.ok(Math.max(...Object.values(surprise!)) > 1);
  }
  const last = statuses.at(-1)!;
  assert.equal(last.state, "reached", last.sentence);
  assert.equal(success, true);
});

test("a camera that was moved before the start: the arm does not move", async () => {
  const { camera, world } = simulator;
  const task = { task: "reach", seed: 600_002 } as const;
  const at = world.environment.camera;
  let first: readonly number[] | undefined;
  const { statuses } = await simulator.run({
    ...task, surprise: watching(), maxSteps: 6,
    meanwhile: (there, period) => {
      first ??= [...there.jointState().positions];
      if (period === 1) there.dress({ ...there.environment, camera: { ...at, position: [at.position[0] + 0.1, at.position[1], at.position[2]] } });
    },
  });
  assert.ok(camera.width === simulator.model.imageWidth);
  const { holdReason, sentence } = statuses.at(-1)!;
  assert.ok(SURPRISED.includes(holdReason!), sentence);
  assert.ok(statuses.at(-1)!.steps <= 2, `${statuses.at(-1)!.steps} steps`);
});

test("a goal picture of nothing is refused before anything moves", async () => {
  const goal = simulator.goals("reach", 600_003).at(-1)!.image;
  const judge = async (data: Uint8Array): Promise<string | undefined> => {
    const { features } = await simulator.model.encodeWithFeatures!({ ...goal, data });
    return watching().refuseGoal("x", Math.sqrt(features.reduce((sum, value) => sum + value * value, 0) / features.length));
  };
  assert.equal(await judge(goal.data), undefined);
  assert.match((await judge(new Uint8Array(goal.data.length)))!, /unlike those of training/);
});

test("an undisturbed run is written down whole: predictions where one action was executed, goals, starts", async () => {
  const { run, success, statuses } = await simulator.run({ task: "reach", seed: 600_004 });
  assert.equal(success, true);
  assert.equal(run.goals.length, 1);
  assert.deepEqual(run.starts, [0]);
  assert.ok(statuses.every(({ surprise }) => surprise === undefined));
  const [first, ...rest] = run.observations;
  assert.equal(first!.predicted, undefined);
  assert.ok(rest.length > 2 && rest.every(({ predicted }) => predicted?.length === 10));
  // The prediction is a better guess than that nothing happens.
  const error = (of: (i: number) => Float32Array): number => rest.reduce((sum, { latent }, i) => sum + latent.slice(0, 3).reduce((s, value, d) => s + (value - of(i)[d]!) ** 2, 0), 0);
  assert.ok(error((i) => rest[i]!.predicted!) < 0.5 * error((i) => run.observations[i]!.latent));
  const again = parseRuns(`${formatRun(run, { success, name: "x" })}\n`, "f", 10, 7);
  assert.deepEqual(calibrationRun(again[0]!), run);
});

test("the shipped thresholds survive the way through the manifest, and can be read", async () => {
  const manifest = await readManifest(SHIPPED);
  const { surprise } = manifest;
  assert.ok(surprise !== undefined && surprise.alpha === 0.05);
  const reference = surpriseReference(manifest)!;
  assert.deepEqual(reference.arm!.entries, armEntries(manifest));
  const { source, created, alpha, fit_runs, threshold_runs } = surprise;
  assert.deepEqual(surpriseSection(manifest, { reference, fitRuns: fit_runs, thresholdRuns: threshold_runs }, { source, created, alpha }), surprise);
  // The picture shows the arm to about a centimetre.
  assert.ok(reference.arm!.std.slice(0, 3).every((std) => std < 0.03));
});

test("a bundle whose latent nobody can read has no arm to compare", async () => {
  const manifest = await readManifest(join("test", "fixtures", "tiny-bundle"));
  assert.deepEqual(armEntries(manifest), []);
  assert.equal(surpriseReference(manifest), undefined);
});

for (const [line, message] of [
  ["{", /f, line 1: it is not JSON/],
  ["{}", /f, line 1: success is no field of a recorded run/],
  [`{"success":true,"name":"a","goals":[],"starts":[],"observations":[{"latent":[1],"state":[1,2,3,4,5,6,7]}]}`, /f, line 1: latent has 1 values, the bundle's has 10/],
] as const) {
  test(`a recorded run ${line.slice(0, 20)} is refused in one line`, () => {
    assert.throws(() => parseRuns(`\n${line}`.slice(1), "f", 10, 7), message);
  });
}
