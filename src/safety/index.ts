export { CommandPipeline, type Command, type CommandPipelineOptions, type HoldCommand, type MoveCommand, type Watch } from "./command-pipeline.js";
export type { HoldReason, Setpoint } from "./types.js";
export type { Guard, Motion, Verdict } from "./guards/guard.js";
