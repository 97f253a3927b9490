import { toolIndices } from "./proprioception.js";
import type { ObjectiveTerm, ScoredRollouts, TermContext } from "./types.js";

/**
 * Distance of the joints from the middle of their ranges: mean over steps and over the joints that move the tool of
 * ((q - middle) / half the range)², 1 at a limit (after Liégeois 1977). Joints without limits are left out.
 *
 * A roll-out of end-effector moves does not say where the joints go. They are estimated by the Jacobian at the start, q_h = q_0 + J⁺ (x_h - x_0), with
 * the tool's rotation kept. That is good to first order: near the start, away from singularities; the pull of a redundant arm to its posture is not in it.
 */
export class JointCentring implements ObjectiveTerm {
  readonly name = "joint_centring";
  readonly needsStates = true;
  readonly needsJoints = true;
  #tool: [number, number, number] = [0, 1, 2];
  #joints: number[] = [];
  #middles = new Float64Array(0);
  #scales = new Float64Array(0);
  /** Of each joint at the start, and per metre along x, y, z: what the inner loop needs, [joints, 4]. */
  #lines = new Float64Array(0);

  initialize(context: TermContext): void {
    this.#tool = toolIndices(context, this.name);
    const bounded = context.joints.map((joint, j) => ({ ...joint, j }))
      .filter(({ lower, upper, movesTool }) => movesTool && Number.isFinite(lower) && Number.isFinite(upper) && lower < upper);
    if (bounded.length === 0) throw new Error(`objective term ${this.name} needs a robot with joints that have limits`);
    this.#joints = bounded.map(({ j }) => j);
    this.#middles = Float64Array.from(bounded, ({ lower, upper }) => (lower + upper) / 2);
    this.#scales = Float64Array.from(bounded, ({ lower, upper }) => 2 / (upper - lower));
    this.#lines = new Float64Array(4 * bounded.length);
  }

  score({ count, horizon, stateDim, from, to, states, start }: ScoredRollouts, costs: Float64Array): void {
    const [ix, iy, iz] = this.#tool;
    const { positions, perMetre } = start.joints!;
    const lines = this.#lines;
    const joints = this.#joints.length;
    for (let i = 0; i < joints; i++) {
      const j = this.#joints[i]!;
      const scale = this.#scales[i]!;
      lines[4 * i] = (positions[j]! - this.#middles[i]!) * scale;
      for (let axis = 0; axis < 3; axis++) lines[4 * i + 1 + axis] = perMetre[3 * j + axis]! * scale;
    }
    const share = 1 / Math.max(1, (to - from) * joints);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let h = from; h < to; h++) {
        const at = (c * horizon + h) * stateDim;
        const dx = states![at + ix]! - start.state[ix]!;
        const dy = states![at + iy]! - start.state[iy]!;
        const dz = states![at + iz]! - start.state[iz]!;
        for (let i = 0; i < 4 * joints; i += 4) {
          const off = lines[i]! + lines[i + 1]! * dx + lines[i + 2]! * dy + lines[i + 3]! * dz;
          sum += off * off;
        }
      }
      costs[c] = sum * share;
    }
  }
}
