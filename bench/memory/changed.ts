import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { robotChange, type RobotChangeName } from "../../sim/robot-changes.js";
import type { TaskName } from "../../sim/tasks.js";
import { Adapter, adaptedAxes, type AdaptedTo, readAdaptation, writeAdaptation } from "../../src/adaptation/index.js";
import type { OnPlan } from "../../src/evaluation/recording-planning.js";
import type { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";
import { graphSha256 } from "../../src/world-model/index.js";
import { episodeResult } from "./episode-result.js";
import type { MemoryResults } from "./results.js";

export interface ChangedOptions {
  readonly change: RobotChangeName | "none";
  readonly task: TaskName;
  readonly adapted: boolean;
  readonly episodes: number;
  /** The robot is another one, that has learned nothing, so many times. */
  readonly lives: number;
  readonly firstSeed: number;
  readonly onEpisode: () => void;
}

/** Works with a changed robot: each life is one robot that keeps what it learns, through a restart in its middle. */
export async function measureChanged(simulator: SurpriseEpisodes, { change, task, adapted, episodes, lives, firstSeed, onEpisode }: ChangedOptions): Promise<MemoryResults["changed"][number]> {
  const { manifest } = simulator.model;
  const axes = adaptedAxes(manifest);
  const newAdapter = (): Adapter => new Adapter(axes, manifest.latent.shape[0]!);
  const result: MemoryResults["changed"][number] = { name: change, task, adapted, lives, restarts: 0, episodes: [], errors: { modelM: [], correctedM: [] }, learned: [] };
  const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-changed-"));
  const to: AdaptedTo = { encoderSha256: graphSha256(manifest.files["encoder.onnx"]), rolloutSha256: graphSha256(manifest.files["rollout.onnx"]) };
  const perLife = Math.ceil(episodes / lives);
  let adapter = newAdapter();
  try {
    for (let i = 0; i < episodes; i++) {
      const life = Math.floor(i / perLife);
      if (i % perLife === 0) adapter = newAdapter();
      else if (adapted && i % perLife === Math.floor(perLife / 2)) {
        adapter = await restarted(adapter, newAdapter(), join(folder, "adaptation.json"), to);
        result.restarts++;
      }
      const run = await simulator.run({
        task, seed: firstSeed + i, change: change === "none" ? {} : robotChange(change, life), onPlan: errorsInto(result.errors, axes),
        ...(adapted ? { adapter } : {}),
      });
      result.episodes.push(episodeResult(run));
      if (adapted && (i + 1 === episodes || (i + 1) % perLife === 0)) {
        result.learned.push(adapter.estimates.map(({ name, gain, carry, biasM, offsetM }) => `${name}: gain ${gain.toFixed(2)}, carry ${carry.toFixed(2)}, bias ${(1000 * biasM).toFixed(1)} mm, offset ${(1000 * offsetM).toFixed(0)} mm`).join("; "));
      }
      onEpisode();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return result;
}

/** What one process has learned, in the next one. @throws Error when anything of it is lost. */
async function restarted(before: Adapter, after: Adapter, file: string, to: AdaptedTo): Promise<Adapter> {
  await writeAdaptation(file, before.save(), to, new Date().toISOString());
  after.restore((await readAdaptation(file, to))!);
  if (JSON.stringify(after.save()) !== JSON.stringify(before.save())) throw new Error("what was learned is not the same after a restart");
  return after;
}

/** Writes down how wrong the tool's place was that each request's model, uncorrected and corrected, had for the next picture. */
function errorsInto(errors: MemoryResults["changed"][number]["errors"], axes: ReturnType<typeof adaptedAxes>): OnPlan {
  let before: { readonly action: Float32Array; readonly latent: Float32Array; readonly correction: Parameters<OnPlan>[0]["correction"] } | undefined;
  return (request, { latent, observed }) => {
    if (before !== undefined && observed?.predicted !== undefined) {
      const { action, latent: from, correction } = before;
      const wrong = (moveOf: (axis: number, action: number) => number): number => Math.hypot(...axes.map(({ latent: at, scaleM, action: index }, i) =>
        scaleM * (latent[at]! - from[at]!) - moveOf(i, action[index]!)));
      errors.modelM.push(wrong((_, commanded) => commanded));
      if (correction !== undefined) {
        errors.correctedM.push(wrong((i, commanded) => {
          const { gain, carry, biasM, beforeM } = correction.axes[i]!;
          return gain * commanded + carry * beforeM + biasM;
        }));
      }
    }
    before = request.committed.length === 0 ? undefined : { action: request.committed, latent, correction: request.correction };
    return Promise.resolve();
  };
}
