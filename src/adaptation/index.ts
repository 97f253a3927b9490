export { type AdaptedAxis, adaptedAxes } from "./adapted-axes.js";
export { type AdaptedTo, readAdaptation, writeAdaptation } from "./adaptation-file.js";
export { Adapter, ADAPTATION_BOUNDS, type AdapterOptions, type AdaptationBounds, type AxisEstimate, type SavedAdaptation } from "./adapter.js";
export { commandsOf, type Correction, movesOf, shifted } from "./correction.js";
