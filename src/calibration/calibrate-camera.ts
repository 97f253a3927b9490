import { type Displacement, type FitLimits, fitTurn, type MeasuredMove, type TurnFit, TurnRefused } from "./fit-turn.js";
import type { InferredMove } from "./infer-move.js";
import { type Place, starPlaces } from "./star-places.js";

/** What is known of the robot where it stands. @typeParam Seen what the ports know of it besides. */
export interface Stop<Seen> {
  /** Of the tool in the base frame, by the joints, m. */
  readonly place: Place;
  readonly seen: Seen;
}

/** The robot, its camera and its model. */
export interface CalibrationPorts<Seen> {
  /** Moves the tool there and waits until the robot stands. Rejects with a sentence when it did not get there; the robot holds then. */
  goTo(place: Place, name: string): Promise<void>;
  /** Called while the robot stands. */
  look(): Promise<Stop<Seen>>;
  /** The longest move that the model can be asked about, m. */
  readonly longestMoveM: number;
  /** What the model takes a move for. @param angleRad turn of the model's axes that proprioception is given with. */
  infer(before: Seen, after: Seen, distanceM: number, angleRad: number): Promise<InferredMove>;
  /** Makes the robot hold; called at the end, however that comes about. */
  hold(): void;
  /** Told what is done, one line. */
  say(line: string): void;
}

export interface CalibrationOptions {
  /** Middle of the moves; all are at its height. */
  readonly middle: Place;
  /** Of the circle that the moves cross, m; a smaller one is taken where the model knows no moves so long. Default 0.1. */
  readonly radiusM?: number;
  /** Default 10. */
  readonly moves?: number;
  readonly limits?: FitLimits;
}

/** A fit with what it was made from. */
export interface CalibrationResult {
  readonly fit: TurnFit;
  readonly moves: readonly MeasuredMove[];
}

export const DEFAULT_RADIUS_M = 0.1;
export const DEFAULT_MOVES = 10;

/** Fits in which proprioception is given with the turn that the one before found, and the change at which that ends. */
const MOST_FITS = 5;
const SETTLED_RAD = 0.003;
/** A change of so much after the last of them is not one of noise. */
const UNSETTLED_RAD = 0.05;
/** At most this share of the moves may be as long as the model can make one. */
const MOST_AT_BORDER = 1 / 3;

/**
 * Makes some moves, asks the model what it takes each for, and finds the turn between the model's axes and the base frame's.
 *
 * The model is given proprioception too, which has to be in its own axes: the turn is found with what the joints say as it is, then again with that turned,
 * until nothing changes.
 *
 * @throws TurnRefused when the moves do not say how the axes lie. @throws Error with a sentence when a move was not made. The robot holds in any case.
 */
export async function calibrateCamera<Seen>({ middle, radiusM = DEFAULT_RADIUS_M, moves = DEFAULT_MOVES, limits = {} }: CalibrationOptions, ports: CalibrationPorts<Seen>): Promise<CalibrationResult> {
  const longestM = Math.max(...starPlaces({ middle, radiusM, moves }).map((place, i, all) => (i === 0 ? 0 : Math.hypot(place[0] - all[i - 1]![0], place[1] - all[i - 1]![1]))));
  const places = starPlaces({ middle, radiusM: radiusM * Math.min(1, ports.longestMoveM / longestM), moves });
  const stops: Stop<Seen>[] = [];
  try {
    for (const [i, place] of places.entries()) {
      const name = i === 0 ? "the first place" : `move ${i} of ${moves}`;
      ports.say(name);
      await ports.goTo(place, name);
      stops.push(await ports.look());
    }
  } finally {
    ports.hold();
  }
  return fitStops(stops, limits, ports);
}

async function fitStops<Seen>(stops: readonly Stop<Seen>[], limits: FitLimits, ports: CalibrationPorts<Seen>): Promise<CalibrationResult> {
  let angleRad = 0;
  for (let round = 1; ; round++) {
    ports.say(`asking the model (${round})`);
    const moves: MeasuredMove[] = [];
    let atBorder = 0;
    for (let i = 1; i < stops.length; i++) {
      const [before, after] = [stops[i - 1]!, stops[i]!];
      const made: Displacement = [after.place[0] - before.place[0], after.place[1] - before.place[1]];
      const inferred = await ports.infer(before.seen, after.seen, Math.hypot(...made), angleRad);
      if (inferred.atBorder) atBorder++;
      moves.push({ true: made, inferred: inferred.displacement });
    }
    if (atBorder > MOST_AT_BORDER * moves.length) {
      throw new TurnRefused(`${atBorder} of ${moves.length} moves are for the model longer than all it knows: it does not see them; is the gripper in the picture, and the camera where the model was trained to see from?`);
    }
    // What is refused at the end may only need proprioception in the right axes.
    const last = round === MOST_FITS;
    const fit = fitTurn(moves, last ? limits : { ...limits, mostResidual: Infinity, mostAngleErrorRad: Infinity, scales: [0, Infinity] });
    const change = Math.abs(wrapped(fit.angleRad - angleRad));
    if (last && change > UNSETTLED_RAD) throw new TurnRefused("the turn changes each time that proprioception is turned with it: this model cannot be calibrated from these pictures; move the camera nearer to where it was trained");
    if (change < SETTLED_RAD || last) return { fit: last ? fit : fitTurn(moves, limits), moves };
    angleRad = fit.angleRad;
  }
}

/** The same angle in -pi to pi. */
function wrapped(angle: number): number {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}
