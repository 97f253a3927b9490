export { calibrateSurprise, DEFAULT_FRAMES, type Calibration, type CalibrationOptions, type CalibrationRun } from "./calibrate.js";
export { conformalThreshold, leastRuns } from "./conformal.js";
export { SurpriseMonitor, type SurpriseMonitorOptions, type SurpriseReason, type SurpriseVerdict } from "./monitor.js";
export type { SurpriseObservation } from "./observation.js";
export { type ArmEntry, type Detector, DETECTORS, type SurpriseReference } from "./reference.js";
export type { SurpriseScores } from "./scores.js";
export { unlikeness } from "./unlikeness.js";
