import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fitTurn, type MeasuredMove, TurnRefused } from "../../src/calibration/index.js";
import { starPlaces } from "../../src/calibration/star-places.js";

const DEGREES = 180 / Math.PI;
const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });

function turned([x, y]: readonly [number, number], by: number): [number, number] {
  return [Math.cos(by) * x - Math.sin(by) * y, Math.sin(by) * x + Math.cos(by) * y];
}

/** The moves of a star, and what a model whose axes are turned takes them for; stretched along its own axes, with Gaussian noise. */
function starMoves(turn: number, options: { stretch?: readonly [number, number]; noiseM?: number; seed?: number; moves?: number } = {}): MeasuredMove[] {
  const { stretch = [1, 1], noiseM = 0, seed = 1, moves = 10 } = options;
  const places = starPlaces({ middle: [0.5, 0, 0.2], radiusM: 0.08, moves });
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return places.slice(1).map((place, i): MeasuredMove => {
    const made = [place[0] - places[i]![0], place[1] - places[i]![1]] as const;
    const [u, v] = turned(made, -turn);
    return { true: made, inferred: [stretch[0] * u + noiseM * normal(), stretch[1] * v + noiseM * normal()] };
  });
}

function apart(one: number, other: number): number {
  return Math.abs(Math.atan2(Math.sin(one - other), Math.cos(one - other)));
}

function refusal(moves: readonly MeasuredMove[]): string {
  try {
    const { angleRad } = fitTurn(moves);
    return assert.fail(`not refused: ${angleRad}`);
  } catch (error) {
    assert.ok(error instanceof TurnRefused, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
}

test("without noise any turn is found exactly, whatever the model's scale is along each of its axes", () => {
  const stretch = fc.double({ min: 0.6, max: 1.6, noNaN: true });
  fc.assert(fc.property(angle, stretch, stretch, fc.integer({ min: 6, max: 20 }), (turn, along, across, moves) => {
    const fit = fitTurn(starMoves(turn, { stretch: [along, across], moves }), { mostResidual: Infinity, mostAngleErrorRad: Infinity });
    assert.ok(apart(fit.angleRad, turn) < 1e-9, `${fit.angleRad} for ${turn}`);
    assert.ok(Math.abs(fit.scale - (along + across) / 2) < 1e-9);
    assert.ok(fit.condition >= 1 && fit.condition < 1 + 1e-9, `a star is round: ${fit.condition}`);
    if (along === across) assert.ok(fit.residual < 1e-9 && fit.angleErrorRad < 1e-9);
  }));
});

test("with noise the turn is found as well as the standard error says", () => {
  let [worst, squares, count] = [0, 0, 0];
  fc.assert(fc.property(angle, fc.integer({ min: 0, max: 2 ** 31 }), (turn, seed) => {
    const fit = fitTurn(starMoves(turn, { noiseM: 0.01, seed }));
    const share = apart(fit.angleRad, turn) / fit.angleErrorRad;
    worst = Math.max(worst, share);
    squares += share * share;
    count++;
    assert.ok(apart(fit.angleRad, turn) < 8 / DEGREES);
    assert.ok(fit.angleErrorRad < 4 / DEGREES);
  }), { numRuns: 300, seed: 5 });
  // Student's t with 9 degrees of freedom has a variance of 9 / 7.
  assert.ok(Math.sqrt(squares / count) > 0.8 && Math.sqrt(squares / count) < 1.5, `${Math.sqrt(squares / count)}, at worst ${worst}`);
});

test("unevenly long moves do not bend the turn where the model's scale differs from axis to axis", () => {
  fc.assert(fc.property(angle, fc.double({ min: 0.4, max: 1, noNaN: true }), (turn, squeeze) => {
    const moves = starMoves(0).map(({ true: [x, y] }): MeasuredMove => {
      const made = [x, squeeze * y] as const;
      const [u, v] = turned(made, -turn);
      return { true: made, inferred: [u, 0.7 * v] };
    });
    assert.ok(apart(fitTurn(moves).angleRad, turn) < 1e-9);
  }));
});

test("turning all true moves turns the answer, in whatever order they were made", () => {
  fc.assert(fc.property(angle, angle, fc.array(fc.nat(), { minLength: 10, maxLength: 10 }), (turn, by, keys) => {
    const moves = starMoves(turn, { noiseM: 0.005, seed: 3 });
    const plain = fitTurn(moves).angleRad;
    const shuffled = moves.map((move, i) => ({ move, key: keys[i]! })).sort((a, b) => a.key - b.key)
      .map(({ move }): MeasuredMove => ({ true: turned(move.true, by), inferred: move.inferred }));
    assert.ok(apart(fitTurn(shuffled).angleRad, plain + by) < 1e-9);
  }));
});

test("moves that do not say how the axes lie are refused, with what to do", () => {
  const good = starMoves(0.5);
  assert.match(refusal(good.slice(0, 5)), /5 moves are too few: make at least 6/);
  assert.match(refusal(good.map(({ true: [x], inferred }) => ({ true: [x, 0], inferred }))), /along one line or are none \(condition number Infinity, at most 4\): make them in all directions/);
  assert.match(refusal(good.map(({ inferred }) => ({ true: [0, 0], inferred }))), /along one line or are none/);
  assert.match(refusal(good.map(({ true: [x, y], inferred }) => ({ true: [x, 0.1 * y], inferred }))), /condition number 10, at most 4/);
  assert.match(refusal(good.map((move, i) => (i === 3 ? { ...move, inferred: [NaN, 0] } : move))), /move 4 has a displacement of NaN/);
  assert.match(refusal(good.map(({ true: made }) => ({ true: made, inferred: [0, 0] }))), /hardly any of the moves \(0 of their length/);
  assert.match(refusal(good.map(({ true: made, inferred: [u, v] }) => ({ true: made, inferred: [4 * u, 4 * v] }))), /too long \(4 of their length/);
  assert.match(refusal(good.map(({ true: made, inferred: [u, v] }) => ({ true: made, inferred: [u, -v] }))), /mirrored: either the camera's driver flips the picture/);
  assert.match(refusal(starMoves(0.5, { noiseM: 0.08, seed: 9 })), /a turn does not explain|is known to|hardly any/);
});

test("noise alone is refused nearly always", () => {
  let accepted = 0;
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
    const noise = starMoves(0, { stretch: [0, 0], noiseM: 0.05, seed });
    try {
      fitTurn(noise);
      accepted++;
    } catch (error) {
      assert.ok(error instanceof TurnRefused);
    }
  }), { numRuns: 300, seed: 2 });
  assert.ok(accepted <= 3, `${accepted} of 300 fits to nothing`);
});
