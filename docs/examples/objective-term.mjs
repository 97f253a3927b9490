/**
 * An objective term of one's own: the tool should come down on things slowly. Use it with
 *
 *     objective:
 *       modules: "slow_descent: 0.5: docs/examples/objective-term.mjs"
 *
 * @param {object} context what the numbers mean: horizon, periodS, actionNames, low, high, stateNames, joints, fullOpeningM.
 */
export function createTerm(context) {
  const z = context.stateNames.indexOf("ee_z");
  const vz = context.stateNames.indexOf("ee_vz");
  if (z < 0 || vz < 0) throw new Error("this bundle does not say how high the tool is");
  return {
    // `states` are only fetched when somebody asks for them.
    needsStates: true,

    initialize() {},

    /** `costs` holds zeros; the weight is applied outside. Arrays are row-major, and those of the next call may be the same ones. */
    score({ count, horizon, stateDim, from, to, states }, costs) {
      for (let c = 0; c < count; c++) {
        let sum = 0;
        for (let h = from; h < to; h++) {
          const row = (c * horizon + h) * stateDim;
          const down = Math.max(0, -states[row + vz]);
          const near = Math.max(0, 1 - states[row + z] / 0.1);
          sum += near * (down / 0.2) ** 2;
        }
        costs[c] = sum / Math.max(1, to - from);
      }
    },
  };
}
