export { calibrateCamera, type CalibrationOptions, type CalibrationPorts, type CalibrationResult, DEFAULT_MOVES, DEFAULT_RADIUS_M, type Stop } from "./calibrate-camera.js";
export { cameraCalibration, type CameraCalibration, checkCalibration, parseCalibration, readCalibration, turnOf, writeCalibration } from "./calibration-file.js";
export { describeCalibration } from "./describe.js";
export { type Displacement, type FitLimits, fitTurn, type MeasuredMove, type TurnFit, TurnRefused } from "./fit-turn.js";
export { inferMove, type InferredMove, longestMove, type MoveModel, type ScoreActions } from "./infer-move.js";
export { type Place, starPlaces } from "./star-places.js";
