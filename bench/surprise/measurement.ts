import { drawEnvironment, evaluationRoomSeed, PLAIN_ENVIRONMENT } from "../../sim/environments/index.js";
import { Random } from "../../sim/random.js";
import type { TaskName } from "../../sim/tasks.js";
import { surpriseReference } from "../../src/control/surprise-reference.js";
import type { OnPlan } from "../../src/evaluation/recording-planning.js";
import { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";
import { SurpriseMonitor, type SurpriseObservation, type SurpriseReference, unlikeness } from "../../src/surprise/index.js";
import type { Counts } from "./counts.js";
import { DEGREE, type Disturbance, disturbances } from "./disturbances.js";
import { movedPose } from "../../sim/moved-pose.js";
import { black, type Picture } from "./pictures.js";
import { Shadow } from "./shadow.js";

/** Done in turn. */
export const TASKS: readonly TaskName[] = ["reach", "grasp", "reach-with-object", "pick-and-place"];
/** Pictures after its beginning in which a disturbance must be found. */
export const PATIENCE = 10;

export interface MeasurementOptions {
  readonly episodes: number;
  /** Seed of the first episode. */
  readonly seeds: number;
  /** So many episodes, the first ones, are looked at through disturbances, and their goal pictures are. */
  readonly disturbed: number;
  /** Told after each episode what was counted so far: an interrupted run is not lost. */
  readonly onEpisode: (counts: Counts) => Promise<void>;
}

/** Runs episodes with the stops on and counts what they find: alarms, disturbances, and goal pictures from elsewhere. */
export class Measurement {
  readonly #simulator: SurpriseEpisodes;
  readonly #reference: SurpriseReference;
  readonly #disturbances: readonly (readonly [name: string, make: Disturbance])[];
  readonly #counts: Counts;
  readonly #options: MeasurementOptions;

  /** @throws Error with one line when the bundle has no thresholds, or no graphs to score what they are for. */
  static async run(bundle: string, options: MeasurementOptions): Promise<Counts> {
    const simulator = await SurpriseEpisodes.create(bundle);
    try {
      return await new Measurement(simulator, options).#run();
    } finally {
      await simulator.close();
    }
  }

  private constructor(simulator: SurpriseEpisodes, options: MeasurementOptions) {
    const { model } = simulator;
    const reference = surpriseReference(model.manifest);
    if (reference === undefined || model.encodeWithFeatures === undefined || model.predict === undefined) {
      throw new Error("the bundle has no thresholds of surprise, or no graphs to score them: jepa-mpc surprise calibrate makes them");
    }
    this.#simulator = simulator;
    this.#options = options;
    this.#reference = reference;
    this.#disturbances = Object.entries(disturbances(simulator));
    this.#counts = {
      alpha: model.manifest.surprise!.alpha, episodes: 0, seeds: [options.seeds, options.seeds], pictures: 0, successes: 0, alarms: [],
      disturbances: Object.fromEntries(this.#disturbances.map(([name]) => [name, { trials: 0, found: [] }])), goals: {},
    };
  }

  async #run(): Promise<Counts> {
    const { episodes, seeds, disturbed, onEpisode } = this.#options;
    const counts = this.#counts;
    for (let i = 0; i < episodes; i++) {
      await this.#episode(TASKS[i % TASKS.length]!, seeds + i, i < disturbed);
      counts.episodes = i + 1;
      counts.seeds = [seeds, seeds + i];
      await onEpisode(counts);
    }
    return counts;
  }

  async #episode(task: TaskName, seed: number, disturbed: boolean): Promise<void> {
    const counts = this.#counts;
    const random = new Random(seed);
    const begins = 2 + random.below(5);
    const monitor = new SurpriseMonitor(this.#reference);
    const { shadows, onPlan } = this.#shadowing(random, disturbed ? begins : Infinity);
    let alarm: string | undefined;
    let success = false;
    try {
      ({ success } = await this.#simulator.run({
        task, seed, surprise: monitor, onPlan,
        enough: ({ holdReason }) => {
          if (alarm === undefined && (holdReason === "prediction_surprise" || holdReason === "unfamiliar_scene" || holdReason === "energy_rising")) {
            alarm = Object.entries(monitor.shares).sort(([, a], [, b]) => b - a)[0]![0];
          }
          return false;
        },
      }));
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("unlike those of training"))) throw error;
      // Its goal was refused and nothing else was wrong with it: it counts as one that would have gone well.
      counts.successes++;
      counts.alarms.push({ seed, detector: "goal", success: true });
    }
    if (success) counts.successes++;
    if (alarm !== undefined) counts.alarms.push({ seed, detector: alarm, success });
    for (const { name, found } of shadows) {
      const disturbance = counts.disturbances[name]!;
      disturbance.trials++;
      if (found !== undefined) disturbance.found.push(found);
    }
    if (disturbed) await this.#lookAtGoals(seed, task, random);
  }

  /** What is to be called at each plan of an episode, and the shadows that it lets loose in the period `begins`. */
  #shadowing(random: Random, begins: number): { readonly shadows: readonly Shadow[]; readonly onPlan: OnPlan } {
    const shadows: Shadow[] = [];
    let last: SurpriseObservation | undefined;
    let goal: Float32Array | undefined;
    /** Between the last picture and this one. */
    let executed: Float32Array | undefined;
    const onPlan: OnPlan = async (request, { latent, observed, startEnergy }, period) => {
      this.#counts.pictures++;
      if (period === begins) {
        for (const [name, make] of this.#disturbances) {
          shadows.push(new Shadow({ name, show: make(random), model: this.#simulator.model, reference: this.#reference, before: last }));
        }
      }
      if (goal !== request.goal) for (const shadow of shadows) shadow.restart();
      goal = request.goal;
      const k = period - begins;
      if (k >= 0 && k < PATIENCE) for (const shadow of shadows) await shadow.look(request, k, executed);
      executed = request.committed;
      last = { latent, ...observed!, energy: startEnergy };
    };
    return { shadows, onPlan };
  }

  /** Goal pictures from elsewhere, and from here. */
  async #lookAtGoals(seed: number, task: TaskName, random: Random): Promise<void> {
    const simulator = this.#simulator;
    const judge = async (kind: string, picture: Picture): Promise<void> => {
      const { features } = await simulator.model.encodeWithFeatures!(picture);
      const count = this.#counts.goals[kind] ??= { refused: 0, trials: 0 };
      count.trials++;
      if (new SurpriseMonitor(this.#reference).refuseGoal("goal", unlikeness(features)) !== undefined) count.refused++;
    };
    const goalIn = (room?: Parameters<SurpriseEpisodes["goals"]>[2]): Picture => simulator.goals(task, seed, room).at(-1)!.image;
    const own = goalIn();
    await judge("of this scene (false refusals)", own);
    await judge("another room", goalIn(drawEnvironment("unseen", evaluationRoomSeed(seed))));
    await judge("a room as the encoder was trained in, but not this one", goalIn(drawEnvironment("seen", evaluationRoomSeed(seed))));
    await judge("this room, camera moved by 5 cm and 5°", goalIn({ ...PLAIN_ENVIRONMENT, camera: movedPose(random, 0.05, 5 * DEGREE) }));
    await judge("lens covered, black", black(own));
    await judge("noise", { ...own, data: own.data.map(() => random.below(256)) });
  }
}
