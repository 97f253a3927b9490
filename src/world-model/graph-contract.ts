import type { TensorSpec } from "./backends/types.js";
import { BundleError } from "./bundle-error.js";
import type { Manifest } from "./manifest.js";

/** `null`: any number, only known at run time. */
interface Expected {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
  /** Bundles of earlier versions have it not; what is there must fit. */
  readonly optional?: boolean;
}

/** What a graph takes and gives. */
export interface GraphSpecs {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * Holds `encoder.onnx` against the manifest.
 * @throws BundleError naming the input or output, what it is, and which field of the manifest it contradicts.
 */
export function checkEncoder(manifest: Manifest, graph: GraphSpecs, bundle: string): void {
  const { image, latent } = manifest;
  compare(graph, bundle, "encoder.onnx", "image and latent",
    [{ name: "pixels", type: "uint8", shape: [null, image.height, image.width, 3] }],
    [
      { name: "latent", type: "float32", shape: [null, ...latent.shape] },
      { name: "features", type: "float32", shape: [null, null], optional: true },
    ]);
  const size = graph.outputs.find(({ name }) => name === "features")?.shape[1];
  if (typeof size === "string") {
    throw new BundleError(`bundle ${bundle}: encoder.onnx: output features has no fixed size: export it with a fixed second dimension`);
  }
}

/** The output of `rollout.onnx` that a bundle need not have. */
export const STATES_OUTPUT = "states";

/**
 * Holds `rollout.onnx` against the manifest. The number of candidates must be free. `states` may be missing; where it is there it must fit.
 * @throws BundleError naming the input or output, what it is, and which field of the manifest it contradicts.
 */
export function checkRollout(manifest: Manifest, graph: GraphSpecs, bundle: string): void {
  const { latent, state, action, horizon } = manifest;
  const type = "float32";
  const states = state.names.length;
  compare(graph, bundle, "rollout.onnx", "latent, state, action and horizon",
    [
      { name: "latent", type, shape: [1, ...latent.shape] },
      { name: "state", type, shape: [1, states] },
      { name: "actions", type, shape: [null, horizon, action.names.length] },
      { name: "goal", type, shape: [1, ...latent.shape] },
    ],
    [
      { name: "energy", type, shape: [null, horizon] },
      { name: "start_energy", type, shape: [1] },
      { name: "final_latent", type, shape: [null, ...latent.shape] },
      { name: "final_state", type, shape: [null, states] },
      ...(graph.outputs.some(({ name }) => name === STATES_OUTPUT) ? [{ name: STATES_OUTPUT, type, shape: [null, horizon, states] }] : []),
      { name: "next_latent", type, shape: [null, ...latent.shape], optional: true },
    ]);
  refuseFixedCandidates(graph, "rollout.onnx", "actions", bundle);
}

/**
 * Holds `proposal.onnx` against the manifest. The number of candidates must be free.
 * @throws BundleError naming the input or output, what it is, and which field of the manifest it contradicts.
 */
export function checkProposal(manifest: Manifest, graph: GraphSpecs, bundle: string): void {
  const { latent, state, action, horizon } = manifest;
  const type = "float32";
  const actions = action.names.length;
  compare(graph, bundle, "proposal.onnx", "latent, state, action and horizon",
    [
      { name: "latent", type, shape: [1, ...latent.shape] },
      { name: "state", type, shape: [1, state.names.length] },
      { name: "goal", type, shape: [1, ...latent.shape] },
      { name: "committed", type, shape: [horizon, actions] },
      { name: "fixed", type, shape: [horizon] },
      { name: "noise", type, shape: [null, horizon, actions] },
    ],
    [{ name: "actions", type, shape: [null, horizon, actions] }]);
  refuseFixedCandidates(graph, "proposal.onnx", "noise", bundle);
}

function refuseFixedCandidates(graph: GraphSpecs, file: string, input: string, bundle: string): void {
  const candidates = graph.inputs.find(({ name }) => name === input)?.shape[0];
  if (typeof candidates === "number") {
    throw new BundleError(`bundle ${bundle}: ${file}: input ${input} takes exactly ${candidates} candidates: export it with a dynamic first dimension`);
  }
}

function compare(graph: GraphSpecs, bundle: string, file: string, fields: string, inputs: readonly Expected[], outputs: readonly Expected[]): void {
  const refuse = (what: string, todo: string): never => {
    throw new BundleError(`bundle ${bundle}: ${file}: ${what}: ${todo}`);
  };
  for (const { name } of graph.inputs) {
    if (!inputs.some((input) => input.name === name)) {
      refuse(`input ${name} is unknown`, `the inputs must be ${inputs.map((input) => input.name).join(", ")}`);
    }
  }
  for (const [kind, wanted, present] of [["input", inputs, graph.inputs], ["output", outputs, graph.outputs]] as const) {
    for (const expected of wanted) {
      const found = present.find(({ name }) => name === expected.name);
      if (found === undefined) {
        if (expected.optional === true) continue;
        return refuse(`${kind} ${expected.name} is missing`, `export the graph with ${expected.type} ${shapeText(expected.shape)}`);
      }
      const holds = found.type === expected.type && found.shape.length === expected.shape.length &&
        expected.shape.every((size, i) => fits(found.shape[i]!, size, kind));
      if (!holds) {
        refuse(`${kind} ${found.name} is ${found.type} ${shapeText(found.shape)}`,
          `the manifest's ${fields} say ${expected.type} ${shapeText(expected.shape)}`);
      }
    }
  }
}

/** An output's size may be unknown before a run (exporters lose it); then the run checks it. */
function fits(found: number | string, expected: number | null, kind: "input" | "output"): boolean {
  return expected === null || found === expected || (kind === "output" && typeof found === "string");
}

function shapeText(shape: readonly (number | string | null)[]): string {
  return `[${shape.map((size) => size === null || size === "" ? "any" : size).join(", ")}]`;
}
