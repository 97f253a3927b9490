export { CommandPipeline, type Command, type CommandPipelineOptions, type HoldCommand, type MoveCommand } from "./command-pipeline.js";
export { sampleHermite, type HermiteSample } from "./hermite.js";
export type { HoldReason, Setpoint } from "./types.js";
