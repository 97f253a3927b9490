import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { calibrateCamera, type CalibrationPorts, type Place, TurnRefused } from "../../src/calibration/index.js";

/** A robot that goes where it is told to a millimetre, and a model whose axes are turned. */
function robot(turn: number, changes: Partial<CalibrationPorts<Place>> = {}): { ports: CalibrationPorts<Place>; visited: string[]; holds: () => number } {
  let at: Place = [0.4, 0, 0.2];
  let holds = 0;
  const visited: string[] = [];
  const ports: CalibrationPorts<Place> = {
    goTo: (place, name) => {
      visited.push(name);
      at = [place[0] + 0.001, place[1] - 0.001, place[2]];
      return Promise.resolve();
    },
    look: () => Promise.resolve({ place: at, seen: at }),
    infer: (before, after, distanceM) => {
      const [x, y] = [after[0] - before[0], after[1] - before[1]];
      assert.ok(Math.abs(Math.hypot(x, y) - distanceM) < 1e-12);
      return Promise.resolve({
        displacement: [Math.cos(turn) * x + Math.sin(turn) * y, -Math.sin(turn) * x + Math.cos(turn) * y] as const, energy: 0, restEnergy: 1, atBorder: false,
      });
    },
    longestMoveM: 1,
    hold: () => { holds++; },
    say: () => undefined,
    ...changes,
  };
  return { ports, visited, holds: () => holds };
}

test("any turn is found from ten moves, and the robot holds at the end", async () => {
  await fc.assert(fc.asyncProperty(fc.double({ min: -3, max: 3, noNaN: true }), async (turn) => {
    const { ports, visited, holds } = robot(turn);
    const { fit, moves } = await calibrateCamera({ middle: [0.5, 0, 0.2] }, ports);
    assert.ok(Math.abs(fit.angleRad - turn) < 1e-6);
    assert.equal(moves.length, 10);
    assert.deepEqual([visited.length, visited[0], visited[10]], [11, "the first place", "move 10 of 10"]);
    assert.equal(holds(), 1);
  }), { numRuns: 20 });
});

test("a model that knows only short moves is asked about short moves", async () => {
  const { moves } = await calibrateCamera({ middle: [0.5, 0, 0.2], radiusM: 0.1 }, { ...robot(0.4).ports, longestMoveM: 0.05 });
  for (const { true: made } of moves) assert.ok(Math.hypot(...made) < 0.0501 && Math.hypot(...made) > 0.04, `${Math.hypot(...made)}`);
});

test("a model that wants proprioception in its own axes is asked again until the turn settles", async () => {
  const asked: number[] = [];
  const turn = 1.2;
  const { ports } = robot(turn);
  const result = await calibrateCamera({ middle: [0.5, 0, 0.2] }, {
    ...ports,
    // It errs by half of what proprioception is off.
    infer: async (before, after, distanceM, angleRad) => {
      asked.push(angleRad);
      const { displacement: [u, v], ...rest } = await ports.infer(before, after, distanceM, angleRad);
      const wrong = (turn - angleRad) / 2;
      return { ...rest, displacement: [Math.cos(wrong) * u - Math.sin(wrong) * v, Math.sin(wrong) * u + Math.cos(wrong) * v] as const };
    },
  });
  assert.ok(Math.abs(result.fit.angleRad - turn) < 0.05, `${result.fit.angleRad}`);
  assert.equal(asked[0], 0);
  assert.ok(new Set(asked).size > 2);
});

test("whatever goes wrong, the robot holds and the sentence gets through", async () => {
  const stopped = robot(0.3, { goTo: () => Promise.reject(new Error("move 1 of 10: Holding: a guard halts the arm.")) });
  await assert.rejects(calibrateCamera({ middle: [0.5, 0, 0.2] }, stopped.ports), /a guard halts the arm/);
  assert.equal(stopped.holds(), 1);
  const blind = robot(0.3, { look: () => Promise.reject(new Error("no fresh picture")) });
  await assert.rejects(calibrateCamera({ middle: [0.5, 0, 0.2] }, blind.ports), /no fresh picture/);
  assert.equal(blind.holds(), 1);
  const dead = robot(0.3, { infer: () => Promise.resolve({ displacement: [0.06, 0.06], energy: 1, restEnergy: 1, atBorder: true }) });
  await assert.rejects(calibrateCamera({ middle: [0.5, 0, 0.2] }, dead.ports), (error: unknown) => error instanceof TurnRefused && /10 of 10 moves are for the model longer than all it knows/.test(error.message));
  assert.equal(dead.holds(), 1);
});

test("a turn that goes round and round is refused", async () => {
  const { ports } = robot(0);
  await assert.rejects(calibrateCamera({ middle: [0.5, 0, 0.2] }, {
    ...ports,
    infer: async (before, after, distanceM, angleRad) => {
      const { displacement: [u, v], ...rest } = await ports.infer(before, after, distanceM, angleRad);
      const away = -angleRad - 1;
      return { ...rest, displacement: [Math.cos(away) * u - Math.sin(away) * v, Math.sin(away) * u + Math.cos(away) * v] as const };
    },
  }), /the turn changes each time/);
});
