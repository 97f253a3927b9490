import type { CameraCalibration } from "./calibration-file.js";

const DEGREES = 180 / Math.PI;

/** What was found, for people; angles in degrees. */
export function describeCalibration({ turn, fit, bundle, camera_topic: topic }: CameraCalibration): string[] {
  const [x, y] = turn.pivot_m;
  return [
    `turn       ${(DEGREES * turn.angle_rad).toFixed(1)} degrees, known to ${(DEGREES * fit.angle_error_rad).toFixed(1)} (standard error): the model's x and y lie so far counterclockwise of the base frame's`,
    `about      the vertical through x ${x.toFixed(2)} m, y ${y.toFixed(2)} m`,
    `moves      ${fit.moves.length}, condition number ${fit.condition.toFixed(2)}`,
    `the model  sees ${(100 * fit.scale).toFixed(0)} % of a move's length; ${(100 * fit.residual).toFixed(0)} % are not explained by a turn`,
    `bundle     ${bundle.name}`,
    `camera     ${topic}`,
  ];
}
