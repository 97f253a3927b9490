export type { Backend, Graph, TensorData, TensorSpec } from "./backends/types.js";
export { OnnxRuntimeBackend, type OnnxRuntimeOptions } from "./backends/onnxruntime.js";
export { BundleError } from "./bundle-error.js";
export { loadBundle, readManifest, type Bundle } from "./bundle.js";
export { parseManifest, type Manifest } from "./manifest.js";
export { OnnxWorldModel, type OnnxWorldModelOptions, type RolloutEnds } from "./onnx-world-model.js";
export type { RolloutScores, RolloutScoresWithStates, WorldModel } from "./types.js";
