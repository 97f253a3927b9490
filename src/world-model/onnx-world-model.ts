import { fitToModel } from "../camera/fit.js";
import type { RgbImage } from "../camera/types.js";
import { OnnxRuntimeBackend, type OnnxRuntimeOptions } from "./backends/onnxruntime.js";
import type { InferenceOptions } from "./backends/kserve/options.js";
import type { Backend, Graph, ServingBackend, TensorData } from "./backends/types.js";
import { loadBundle, type Bundle } from "./bundle.js";
import { checkState } from "./check-state.js";
import { STATES_OUTPUT } from "./graph-contract.js";
import type { Manifest } from "./manifest.js";
import type { Encoded, RolloutEnds, RolloutScores, RolloutScoresWithStates, WorldModel } from "./types.js";

/** How ONNX Runtime is to run the graphs, or what runs them instead of it. */
export interface OnnxWorldModelOptions extends OnnxRuntimeOptions {
  /** An inference server that runs the graphs; then the bundle's folder needs no more than the manifest. */
  readonly inference?: InferenceOptions | undefined;
  /** What runs the graphs instead of ONNX Runtime. */
  readonly backend?: Backend | ServingBackend;
}

/**
 * A world model out of a bundle. Calls must not overlap: the buffers are shared by all of them.
 *
 * Energies that are not numbers are passed on as they are: a planner must not choose such a candidate, and one bad
 * candidate is no reason to lose the rest. A latent that is not a number is refused at once, for everything would follow from it.
 */
export class OnnxWorldModel implements WorldModel {
  readonly manifest: Manifest;
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  readonly horizon: number;
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** There when the bundle has a policy. @throws RangeError when an array has not the length that the model and `count` need. */
  readonly propose?: Required<WorldModel>["propose"];
  /** There when the bundle's roll-out gives the states. @throws RangeError as `score` does. */
  readonly scoreWithStates?: Required<WorldModel>["scoreWithStates"];

  /** There when the encoder says its features. Throws as encode() does. */
  readonly encodeWithFeatures?: Required<WorldModel>["encodeWithFeatures"];
  /** There when the roll-out says the next latent. @throws RangeError when an array has not the length that the model needs. */
  readonly predict?: Required<WorldModel>["predict"];

  readonly #name: string;
  readonly #encoder: Graph;
  readonly #rollout: Graph;
  readonly #proposal: Graph | undefined;
  readonly #startEnergy = new Float32Array(1);
  readonly #noGoal: Float32Array;
  // Grow to the largest population and stay.
  #energies = new Float32Array(0);
  #states = new Float32Array(0);
  #finalLatents = new Float32Array(0);
  #finalStates = new Float32Array(0);
  #proposals = new Float32Array(0);

  private constructor(bundle: Bundle) {
    const { manifest } = bundle;
    this.manifest = manifest;
    this.#name = bundle.name;
    this.#encoder = bundle.encoder;
    this.#rollout = bundle.rollout;
    const { proposal } = bundle;
    this.#proposal = proposal;
    if (proposal !== undefined) this.propose = (...scene) => this.#propose(proposal, ...scene);
    if (bundle.rollout.outputs.some(({ name }) => name === STATES_OUTPUT)) this.scoreWithStates = (...asked) => this.#scoreWithStates(...asked);
    const size = bundle.encoder.outputs.find(({ name }) => name === "features")?.shape[1];
    if (typeof size === "number") this.encodeWithFeatures = (image) => this.#encodeWithFeatures(image, size);
    if (bundle.rollout.outputs.some(({ name }) => name === "next_latent")) this.predict = (...from) => this.#predict(...from);
    this.latentDim = manifest.latent.shape[0]!;
    this.stateDim = manifest.state.names.length;
    this.actionDim = manifest.action.names.length;
    this.horizon = manifest.horizon;
    this.imageWidth = manifest.image.width;
    this.imageHeight = manifest.image.height;
    this.#noGoal = new Float32Array(this.latentDim);
  }

  /**
   * Loads the bundle in `directory`.
   * @throws BundleError, one line, when it does not hold what it says. @throws ProviderError when what is to run it is not there.
   * @throws ModelUnavailable when an inference server does not serve it.
   */
  static async load(directory: string, options: OnnxWorldModelOptions = {}): Promise<OnnxWorldModel> {
    return new OnnxWorldModel(await loadBundle(directory, options.backend ?? await backendFor(options)));
  }

  /**
   * @throws RangeError when the picture's data has not the length its size says.
   * @throws Error when the latent is not finite.
   */
  async encode(image: RgbImage): Promise<Float32Array> {
    const latent = new Float32Array(this.latentDim);
    await this.#runEncoder(image, latent, {});
    return latent;
  }

  /** @throws RangeError when an array has not the length that the model and `count` need, or the state is outside the manifest's `state.low` and `state.high`. */
  async score(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScores> {
    return this.#score(this.#inputs(latent, state, actions, count, goal), count, {});
  }

  /**
   * Rolls out every candidate and gives where it ends, without a goal. Arguments as in `score`.
   * @throws RangeError when an array has not the length that the model and `count` need.
   */
  async rollOut(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number): Promise<RolloutEnds> {
    const inputs = this.#inputs(latent, state, actions, count, this.#noGoal);
    if (this.#finalLatents.length < count * this.latentDim) {
      this.#finalLatents = new Float32Array(count * this.latentDim);
      this.#finalStates = new Float32Array(count * this.stateDim);
    }
    const latents = this.#finalLatents.subarray(0, count * this.latentDim);
    const states = this.#finalStates.subarray(0, count * this.stateDim);
    await this.#rollout.run(inputs, {
      final_latent: { data: latents, shape: [count, this.latentDim] },
      final_state: { data: states, shape: [count, this.stateDim] },
    });
    return { latents, states };
  }

  async #scoreWithStates(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScoresWithStates> {
    const inputs = this.#inputs(latent, state, actions, count, goal);
    const { horizon, stateDim } = this;
    if (this.#states.length < count * horizon * stateDim) this.#states = new Float32Array(count * horizon * stateDim);
    const states = this.#states.subarray(0, count * horizon * stateDim);
    const scores = await this.#score(inputs, count, { [STATES_OUTPUT]: { data: states, shape: [count, horizon, stateDim] } });
    return { ...scores, states };
  }

  /** @param more outputs to be fetched besides the energies; the runtime copies only what is named. */
  async #score(inputs: Record<string, TensorData>, count: number, more: Record<string, TensorData>): Promise<RolloutScores> {
    if (this.#energies.length < count * this.horizon) {
      this.#energies = new Float32Array(count * this.horizon);
    }
    const stepEnergies = this.#energies.subarray(0, count * this.horizon);
    await this.#rollout.run(inputs, {
      energy: { data: stepEnergies, shape: [count, this.horizon] },
      start_energy: { data: this.#startEnergy, shape: [1] },
      ...more,
    });
    return { stepEnergies, startEnergy: this.#startEnergy[0]! };
  }

  async #encodeWithFeatures(image: RgbImage, size: number): Promise<Encoded> {
    const latent = new Float32Array(this.latentDim);
    const features = new Float32Array(size);
    await this.#runEncoder(image, latent, { features: { data: features, shape: [1, size] } });
    return { latent, features };
  }

  async #runEncoder(image: RgbImage, latent: Float32Array, more: Record<string, TensorData>): Promise<void> {
    const fitted = fitToModel(image, this.imageWidth, this.imageHeight);
    await this.#encoder.run(
      { pixels: { data: fitted.data, shape: [1, this.imageHeight, this.imageWidth, 3] } },
      { latent: { data: latent, shape: [1, this.latentDim] }, ...more },
    );
    const bad = latent.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new Error(`bundle ${this.#name}: encoder.onnx gave ${latent[bad]} as latent[${bad}] of a ${image.width}x${image.height} picture`);
    }
  }

  /** The graph takes a whole horizon; what comes after the first action does not change what it leads to. */
  async #predict(latent: Float32Array, state: Float32Array, action: Float32Array): Promise<Float32Array> {
    checkLength("action", action, this.actionDim);
    const actions = new Float32Array(this.horizon * this.actionDim);
    actions.set(action);
    const next = new Float32Array(this.latentDim);
    await this.#rollout.run(this.#inputs(latent, state, actions, 1, this.#noGoal), { next_latent: { data: next, shape: [1, this.latentDim] } });
    return next;
  }

  async #propose(
    graph: Graph, latent: Float32Array, state: Float32Array, goal: Float32Array, committed: Float32Array, noise: Float32Array, count: number,
  ): Promise<Float32Array> {
    const { latentDim, stateDim, horizon, actionDim } = this;
    checkLength("latent", latent, latentDim);
    checkLength("state", state, stateDim);
    checkLength("goal", goal, latentDim);
    checkCount(count);
    checkLength("noise", noise, count * horizon * actionDim);
    if (committed.length % actionDim !== 0 || committed.length > horizon * actionDim) {
      throw new RangeError(`committed has ${committed.length} values: must be whole actions of ${actionDim}, at most ${horizon}`);
    }
    const decided = new Float32Array(horizon * actionDim);
    decided.set(committed);
    const fixed = new Float32Array(horizon).fill(1, 0, committed.length / actionDim);
    if (this.#proposals.length < noise.length) this.#proposals = new Float32Array(noise.length);
    const actions = this.#proposals.subarray(0, noise.length);
    await graph.run({
      latent: { data: latent, shape: [1, latentDim] },
      state: { data: state, shape: [1, stateDim] },
      goal: { data: goal, shape: [1, latentDim] },
      committed: { data: decided, shape: [horizon, actionDim] },
      fixed: { data: fixed, shape: [horizon] },
      noise: { data: noise, shape: [count, horizon, actionDim] },
    }, { actions: { data: actions, shape: [count, horizon, actionDim] } });
    return actions;
  }

  async close(): Promise<void> {
    await this.#encoder.close();
    await this.#rollout.close();
    await this.#proposal?.close();
  }

  #inputs(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Record<string, TensorData> {
    checkCount(count);
    checkLength("latent", latent, this.latentDim);
    checkLength("state", state, this.stateDim);
    checkState(state, this.manifest, this.#name);
    checkLength("actions", actions, count * this.horizon * this.actionDim);
    checkLength("goal", goal, this.latentDim);
    return {
      latent: { data: latent, shape: [1, this.latentDim] },
      state: { data: state, shape: [1, this.stateDim] },
      actions: { data: actions, shape: [count, this.horizon, this.actionDim] },
      goal: { data: goal, shape: [1, this.latentDim] },
    };
  }
}

async function backendFor({ inference, ...running }: OnnxWorldModelOptions): Promise<Backend | ServingBackend> {
  if (inference === undefined) return new OnnxRuntimeBackend(running);
  // Only who asks for it pays for loading gRPC.
  const { KserveBackend } = await import("./backends/kserve/kserve-backend.js");
  return new KserveBackend(inference);
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`count is ${count}: must be a positive whole number`);
  }
}

function checkLength(name: string, values: Float32Array, wanted: number): void {
  if (values.length !== wanted) {
    throw new RangeError(`${name} has ${values.length} values, the model takes ${wanted}`);
  }
}
