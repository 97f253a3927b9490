export { type GuardOptions, createGuards } from "./create-guards.js";
export type { CollisionDistances, DistanceField } from "./distance-field.js";
export type { Guard, Motion, Verdict } from "./guard.js";
export { type KeepOutEntry, parseKeepOut, readKeepOutFile } from "./keep-out-file.js";
export { robotGuards } from "./robot-guards.js";
export type { ToolKinematics } from "./tool-kinematics.js";
export { worstVerdict } from "./worst-verdict.js";
