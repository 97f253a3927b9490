import { join } from "node:path";

import { RayCastCamera } from "../../sim/camera.js";
import { createTask, type TaskName } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { InThreadPlanningService } from "../../src/control/in-thread-planning-service.js";
import { createPlanner, withBundleSearch } from "../../src/control/planner-config.js";
import { ControllerDriver } from "../../src/evaluation/controller-driver.js";
import { runEpisode } from "../../src/evaluation/episode.js";
import { RecordingPlanning } from "../../src/evaluation/recording-planning.js";
import { cellOf } from "../../src/evaluation/cell.js";
import { episodeId } from "../../src/memory/episode-id.js";
import { graphSha256, OnnxWorldModel } from "../../src/world-model/index.js";

import type { Episode, EpisodeEvent, EpisodeStep } from "../../src/memory/episode.js";

export const SHIPPED = join("models", "arm-objects-jepa");

/** An episode that the shipped model drove in the simulator, in lock step, as it would be recorded; reproducible. */
export async function simulatedEpisode(task: TaskName, seed: number, maxSteps: number): Promise<Episode> {
  const model = await OnnxWorldModel.load(SHIPPED);
  const { manifest } = model;
  const { action, state, energy, image } = manifest;
  const world = await SimWorld.create();
  const camera = new RayCastCamera(world, { width: image.width, height: image.height });
  const bounds = { low: Float32Array.from(action.low), high: Float32Array.from(action.high) };
  const inner = new InThreadPlanningService({ model, planner: createPlanner(withBundleSearch({ kind: "icem" }, manifest)), bounds });
  const steps: EpisodeStep[] = [];
  const events: EpisodeEvent[] = [];
  const startedAt = new Date(Date.UTC(2026, 10, 23, 4, 40, seed));
  /** As they were gone for. */
  const latents: Float32Array[] = [];
  const planning = new RecordingPlanning(inner, async (request, result, index) => {
    if (latents.at(-1) !== request.goal) latents.push(request.goal);
    const { positions, velocities } = world.jointState();
    const { predicted, unlikeness } = result.observed ?? {};
    steps.push({
      index, timeS: index * action.period_s, image: request.image, jointPositions: positions.slice(), jointVelocities: velocities.slice(), state: request.state.slice(),
      latent: result.latent, subGoal: latents.length - 1, committed: request.committed.length / action.names.length, actions: result.actions, stepEnergies: result.stepEnergies,
      startEnergy: result.startEnergy, energy: result.energy, iterations: result.iterations, candidates: result.candidates, encodeMs: result.encodeMs, planMs: result.planMs,
      terms: (result.terms ?? []).map(({ name, weight, mean = NaN, best = NaN }) => ({ name, weight, mean, best })),
      ...(predicted === undefined ? {} : { predicted }), ...(unlikeness === undefined ? {} : { unlikeness }),
    });
  });
  const { record, goals } = await runEpisode(createTask(task, world, seed), {
    cell: cellOf(task, "cube", "plain", "jepa"), seed, world, camera, periodS: action.period_s, maxSteps,
    driver: (pictures) => ControllerDriver.start({
      world, guards: [], described: manifest, periodS: action.period_s, seed,
      explorationFloor: manifest.planning?.exploration_floor ?? 0.1, planning, reachedBelow: energy.reached_below,
    }, task, pictures),
  });
  await model.close();
  events.push({ timeS: 0, state: "planning", sentence: `Starting for "${task}".` }, { timeS: steps.at(-1)!.timeS, state: record.success ? "reached" : "idle", sentence: record.ended });
  return {
    header: {
      id: episodeId(startedAt), startedAt: startedAt.toISOString(), source: "simulation", periodS: action.period_s,
      bundle: { name: manifest.name, encoderSha256: graphSha256(manifest.files["encoder.onnx"]), rolloutSha256: graphSha256(manifest.files["rollout.onnx"]) },
      actionNames: action.names, stateNames: state.names, jointNames: world.jointNames, goal: `${task}-${seed}`, reachedBelow: energy.reached_below,
      subGoals: latents.map((latent, i) => ({ name: goals[i]!.name, latent, image: goals[i]!.image })),
    },
    steps, events,
    outcome: {
      kind: record.success ? "reached" : "stopped", sentence: record.ended, steps: record.steps, endedAt: new Date(startedAt.getTime() + 200 * record.steps).toISOString(),
      truth: { success: record.success, finalDistanceM: record.final_distance_m },
    },
  };
}
