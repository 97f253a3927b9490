/** Position, velocity and acceleration of one joint at one time. */
export interface HermiteSample {
  readonly position: number;
  readonly velocity: number;
  readonly acceleration: number;
}

/** What one joint reaches on one segment. `speed` and `acceleration` are magnitudes. */
export interface SegmentExtremes {
  readonly minPosition: number;
  readonly maxPosition: number;
  readonly speed: number;
  readonly acceleration: number;
}

/**
 * The cubic through (q0, v0) at time 0 and (q1, v1) at time `durationS`, at time `timeS`. This is what ros2_control's
 * joint_trajectory_controller interpolates when waypoints have positions and velocities.
 */
export function sampleHermite(q0: number, v0: number, q1: number, v1: number, durationS: number, timeS: number): HermiteSample {
  const a0 = startAcceleration(q0, v0, q1, v1, durationS);
  const jerk = (endAcceleration(q0, v0, q1, v1, durationS) - a0) / durationS;
  return {
    position: q0 + timeS * (v0 + timeS * (a0 / 2 + (timeS * jerk) / 6)),
    velocity: v0 + timeS * (a0 + (timeS * jerk) / 2),
    acceleration: a0 + timeS * jerk,
  };
}

/** The exact extremes of that cubic on [0, durationS]. */
export function segmentExtremes(q0: number, v0: number, q1: number, v1: number, durationS: number): SegmentExtremes {
  const a0 = startAcceleration(q0, v0, q1, v1, durationS);
  const a1 = endAcceleration(q0, v0, q1, v1, durationS);
  const jerk = (a1 - a0) / durationS;
  let minPosition = Math.min(q0, q1);
  let maxPosition = Math.max(q0, q1);
  let speed = Math.max(Math.abs(v0), Math.abs(v1));
  const inside = (timeS: number): boolean => timeS > 0 && timeS < durationS;

  // Velocity is a parabola: it can only peak where the (linear) acceleration passes zero.
  const vertex = -a0 / jerk;
  if (inside(vertex)) speed = Math.max(speed, Math.abs(v0 + (vertex * a0) / 2));

  // Position turns where the velocity v0 + a0 t + jerk t^2 / 2 passes zero.
  for (const turn of quadraticRoots(jerk / 2, a0, v0)) {
    if (!inside(turn)) continue;
    const position = q0 + turn * (v0 + turn * (a0 / 2 + (turn * jerk) / 6));
    minPosition = Math.min(minPosition, position);
    maxPosition = Math.max(maxPosition, position);
  }
  return { minPosition, maxPosition, speed, acceleration: Math.max(Math.abs(a0), Math.abs(a1)) };
}

function startAcceleration(q0: number, v0: number, q1: number, v1: number, durationS: number): number {
  return ((6 * (q1 - q0)) / durationS - 4 * v0 - 2 * v1) / durationS;
}

function endAcceleration(q0: number, v0: number, q1: number, v1: number, durationS: number): number {
  return ((-6 * (q1 - q0)) / durationS + 2 * v0 + 4 * v1) / durationS;
}

/** Real roots of a x^2 + b x + c. The form with `q` does not cancel when b^2 is much larger than 4ac. */
function quadraticRoots(a: number, b: number, c: number): number[] {
  const discriminant = b * b - 4 * a * c;
  if (!(discriminant >= 0)) return [];
  const q = -0.5 * (b + (b < 0 ? -1 : 1) * Math.sqrt(discriminant));
  return [q / a, c / q];
}
