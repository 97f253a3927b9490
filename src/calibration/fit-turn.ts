/** Along the base frame's x and y, m. */
export type Displacement = readonly [number, number];

/** A move that was made, and what the model takes it for. */
export interface MeasuredMove {
  /** Of the tool in the base frame, by the joints. */
  readonly true: Displacement;
  /** In the model's axes: the action that, for the model, leads from the picture before to the picture after. */
  readonly inferred: Displacement;
}

/** How the model's axes lie in the base frame, and how far that can be believed. */
export interface TurnFit {
  /** Turn of the model's axes, counterclockwise seen from above, rad: a vector of the model's frame, turned by it, is one of the base frame. */
  readonly angleRad: number;
  /** Standard error of the angle, from how far the moves are from the fit, rad. */
  readonly angleErrorRad: number;
  /** Length of an inferred move as a share of the true one. Reported, not corrected: the planner looks again after every step. */
  readonly scale: number;
  /** Root mean square of what a turn and a scale do not explain, as a share of the true moves'. */
  readonly residual: number;
  /** Condition number of the true moves: 1 for moves in all directions alike, infinite for moves along one line. */
  readonly condition: number;
  /** Row-major [2, 2]: the least-squares map from true to inferred moves. */
  readonly matrix: readonly [number, number, number, number];
  readonly moves: number;
}

/** Limits that a fit must keep to be used. */
export interface FitLimits {
  /** Default 6. */
  readonly leastMoves?: number;
  /** Default 4. */
  readonly mostCondition?: number;
  /** Default 0.6. */
  readonly mostResidual?: number;
  /** Default 4 degrees. */
  readonly mostAngleErrorRad?: number;
  /** Default 0.4 to 2.5. */
  readonly scales?: readonly [number, number];
}

/** The moves do not say how the model's axes lie. The message is one line: why, and what to do. */
export class TurnRefused extends Error {
  override name = "TurnRefused";
}

const DEGREES = 180 / Math.PI;

/**
 * Least squares for the 2x2 matrix M that takes true moves to inferred ones, and the rotation nearest to it (the polar factor of M, Higham 1986). Unlike
 * the rotation that is fitted to the moves directly, that is not biased by moves that are longer in one direction, where the model's
 * scale differs from axis to axis, as it does along and across the view of one camera.
 *
 * @throws TurnRefused when there are too few moves, not finite, along one line, mirrored, or too far from a rotation.
 */
export function fitTurn(moves: readonly MeasuredMove[], limits: FitLimits = {}): TurnFit {
  const { leastMoves = 6, mostCondition = 4, mostResidual = 0.6, mostAngleErrorRad = 4 / DEGREES, scales = [0.4, 2.5] } = limits;
  if (moves.length < leastMoves) throw new TurnRefused(`${moves.length} moves are too few: make at least ${leastMoves}`);
  for (const [i, move] of moves.entries()) {
    const bad = [...move.true, ...move.inferred].find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new TurnRefused(`move ${i + 1} has a displacement of ${bad}: the model or the joint states are broken; look at jepa-mpc doctor`);
  }
  // Second moments: of the true moves, and of the inferred against the true.
  let [xx, xy, yy] = [0, 0, 0];
  const cross = [0, 0, 0, 0];
  for (const { true: [x, y], inferred: [u, v] } of moves) {
    xx += x * x;
    xy += x * y;
    yy += y * y;
    cross[0]! += u * x;
    cross[1]! += u * y;
    cross[2]! += v * x;
    cross[3]! += v * y;
  }
  const condition = conditionOf(xx, xy, yy);
  if (!(condition <= mostCondition)) {
    throw new TurnRefused(`the moves lie along one line or are none (condition number ${shown(condition)}, at most ${mostCondition}): make them in all directions, and see whether the arm follows`);
  }
  const determinant = xx * yy - xy * xy;
  const matrix = [
    (cross[0]! * yy - cross[1]! * xy) / determinant, (cross[1]! * xx - cross[0]! * xy) / determinant,
    (cross[2]! * yy - cross[3]! * xy) / determinant, (cross[3]! * xx - cross[2]! * xy) / determinant,
  ] as const;
  const [a, b, c, d] = matrix;
  const seen = Math.hypot(a + d, c - b) / 2;
  const { squares, across } = remainders(moves, Math.atan2(c - b, a + d), seen);
  const trueSquares = xx + yy;
  const residual = Math.sqrt(squares / trueSquares);
  // Only what is across a move turns it, and a long move says more than a short one.
  const angleErrorRad = Math.sqrt(across / (moves.length - 1) / trueSquares) / Math.max(seen, 1e-9);
  const fit: TurnFit = {
    // Of the model's axes; the map from true to inferred turns the other way.
    angleRad: -Math.atan2(c - b, a + d), angleErrorRad, scale: seen, residual, condition, matrix, moves: moves.length,
  };
  // The mirrored part of the matrix, which a turn leaves out.
  if (a * d - b * c < 0 && Math.hypot(a - d, b + c) / 2 > scales[0]) {
    throw new TurnRefused("the model sees the moves mirrored: either the camera's driver flips the picture, or the camera is too far from where the model was trained to see; turn the flip off, or move the camera");
  }
  if (seen < scales[0] || seen > scales[1]) {
    throw new TurnRefused(`the model sees ${seen < scales[0] ? "hardly any of the moves" : "moves that are too long"} (${shown(seen)} of their length, ${scales[0]} to ${scales[1]} is usable): ` +
      "is the gripper in the picture, in good light? Far from the cameras that it was trained with a model sees nothing, and no turn of axes helps");
  }
  if (residual > mostResidual) {
    throw new TurnRefused(`a turn does not explain what the model sees (${shown(100 * residual)} % of the moves is left, at most ${shown(100 * mostResidual)} %): hold everything else still, make the moves on a larger circle, or move the camera nearer to where the model was trained`);
  }
  if (angleErrorRad > mostAngleErrorRad) {
    throw new TurnRefused(`the turn is known to ${shown(DEGREES * angleErrorRad)} degrees only (at most ${shown(DEGREES * mostAngleErrorRad)}): make more moves on a larger circle, or move the camera nearer to where the model was trained`);
  }
  return fit;
}

/** What a turn by `angle` and a scale leave of the inferred moves: sum of squares, and of that across the moves alone. */
function remainders(moves: readonly MeasuredMove[], angle: number, scale: number): { squares: number; across: number } {
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  let [squares, across] = [0, 0];
  for (const { true: [x, y], inferred: [u, v] } of moves) {
    const [expectedX, expectedY] = [cos * x - sin * y, sin * x + cos * y];
    const [du, dv] = [u - expectedX, v - expectedY];
    squares += du * du + dv * dv;
    const length = Math.hypot(expectedX, expectedY);
    if (length > 0) across += ((expectedX * dv - expectedY * du) / length) ** 2;
  }
  return { squares, across };
}

/** Of a symmetric matrix [[xx, xy], [xy, yy]], as the ratio of the longest to the shortest root. */
function conditionOf(xx: number, xy: number, yy: number): number {
  const middle = (xx + yy) / 2;
  const spread = Math.hypot((xx - yy) / 2, xy);
  // Rounding may leave a little where there is nothing.
  return middle - spread > 1e-12 * middle ? Math.sqrt((middle + spread) / (middle - spread)) : Infinity;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(2)));
}
