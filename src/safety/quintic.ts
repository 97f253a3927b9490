/** Position, velocity and acceleration of one joint at one time. */
export interface JointMoment {
  readonly position: number;
  readonly velocity: number;
  readonly acceleration: number;
}

/** What one joint reaches on one piece. `speed`, `acceleration` and `jerk` are magnitudes. */
export interface PieceExtremes {
  readonly minPosition: number;
  readonly maxPosition: number;
  readonly speed: number;
  readonly acceleration: number;
  readonly jerk: number;
}

/** Halvings of the unit interval in the search for a turning point. There the slope is zero, so its error counts squared. */
const HALVINGS = 24;

/**
 * The quintic through `start` at time 0 and `end` at time `durationS`, at time `timeS`. This is what ros2_control's
 * joint_trajectory_controller interpolates when way-points have positions, velocities and accelerations.
 */
export function sampleQuintic(start: JointMoment, end: JointMoment, durationS: number, timeS: number): JointMoment {
  const c = coefficients(start, end, durationS);
  const u = timeS / durationS;
  const velocity = derivative(c);
  return {
    position: evaluate(c, u),
    velocity: evaluate(velocity, u) / durationS,
    acceleration: evaluate(derivative(velocity), u) / (durationS * durationS),
  };
}

/** The extremes of that quintic on [0, durationS]. */
export function pieceExtremes(start: JointMoment, end: JointMoment, durationS: number): PieceExtremes {
  const position = coefficients(start, end, durationS);
  const velocity = derivative(position);
  const acceleration = derivative(velocity);
  const jerk = derivative(acceleration);
  // Where a derivative passes zero its integral turns; between two turns there is at most one zero.
  const jerkTurns = zeros(derivative(jerk), []);
  const accelerationTurns = zeros(jerk, jerkTurns);
  const velocityTurns = zeros(acceleration, accelerationTurns);
  const positionTurns = zeros(velocity, velocityTurns);
  let minPosition = Math.min(start.position, end.position);
  let maxPosition = Math.max(start.position, end.position);
  for (const turn of positionTurns) {
    const value = evaluate(position, turn);
    minPosition = Math.min(minPosition, value);
    maxPosition = Math.max(maxPosition, value);
  }
  return {
    minPosition, maxPosition,
    speed: largestMagnitude(velocity, velocityTurns) / durationS,
    acceleration: largestMagnitude(acceleration, accelerationTurns) / durationS ** 2,
    jerk: largestMagnitude(jerk, jerkTurns) / durationS ** 3,
  };
}

/** In u = time / duration, from the constant term up. */
function coefficients(start: JointMoment, end: JointMoment, durationS: number): number[] {
  const c1 = start.velocity * durationS;
  const c2 = (start.acceleration * durationS ** 2) / 2;
  const gap = end.position - start.position - c1 - c2;
  const slope = end.velocity * durationS - c1 - 2 * c2;
  const bend = end.acceleration * durationS ** 2 - 2 * c2;
  return [start.position, c1, c2, 10 * gap - 4 * slope + bend / 2, -15 * gap + 7 * slope - bend, 6 * gap - 3 * slope + bend / 2];
}

function derivative(c: readonly number[]): number[] {
  return c.slice(1).map((value, i) => value * (i + 1));
}

function evaluate(c: readonly number[], u: number): number {
  let value = 0;
  for (let i = c.length - 1; i >= 0; i--) value = value * u + c[i]!;
  return value;
}

/** Where the polynomial passes zero inside (0, 1), sorted. @param turns where its slope does. */
function zeros(c: readonly number[], turns: readonly number[]): number[] {
  const found: number[] = [];
  let left = 0;
  let atLeft = evaluate(c, 0);
  for (let i = 0; i <= turns.length; i++) {
    const right = turns[i] ?? 1;
    const atRight = evaluate(c, right);
    if (atLeft * atRight < 0) {
      let low = left;
      let high = right;
      for (let step = 0; step < HALVINGS; step++) {
        const middle = (low + high) / 2;
        if (evaluate(c, middle) * atLeft > 0) low = middle;
        else high = middle;
      }
      found.push((low + high) / 2);
    }
    left = right;
    atLeft = atRight;
  }
  return found;
}

function largestMagnitude(c: readonly number[], turns: readonly number[]): number {
  let largest = Math.max(Math.abs(evaluate(c, 0)), Math.abs(evaluate(c, 1)));
  for (const turn of turns) largest = Math.max(largest, Math.abs(evaluate(c, turn)));
  return largest;
}
