import type { JointState } from "../robot/types.js";
import type { JointStateMessage } from "./messages.js";

/** What a joint_states message meant for the controlled joints. */
export type Collected =
  | { readonly kind: "state"; readonly state: JointState }
  | { readonly kind: "incomplete"; readonly missing: readonly string[] }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Puts joint_states messages into the order of the controlled joints. A message may name more joints, in any order, or
 * only some of them (arm and gripper often have publishers of their own): what a message leaves out is remembered from
 * earlier ones, but not for longer than a state may be used, and a state is only handed out when a message brings at least
 * the first controlled joint, so that a gripper alone does not keep an arm's old state looking fresh.
 */
export class JointStateCollector {
  readonly #names: readonly string[];
  readonly #positions: Float64Array;
  readonly #velocities: Float64Array;
  /** When each joint was in a message, s. */
  readonly #seenS: number[];
  readonly #limitS: number;

  /** @param limitS a joint that was in no message for so long is missing, s. */
  constructor(jointNames: readonly string[], limitS: number) {
    this.#limitS = limitS;
    this.#names = jointNames;
    this.#positions = new Float64Array(jointNames.length);
    this.#velocities = new Float64Array(jointNames.length);
    this.#seenS = jointNames.map(() => -Infinity);
  }

  /**
   * Numbers that are not finite are passed on: what they mean is for the safety checks to say.
   *
   * @param nowS steady clock. @returns the state in fresh arrays, the joints that are missing, or what is wrong with the message.
   */
  collect(message: JointStateMessage, nowS: number): Collected | undefined {
    const { name, position, velocity } = message;
    if (position.length !== name.length) {
      return { kind: "malformed", reason: `joint_states has ${name.length} names and ${position.length} positions` };
    }
    if (velocity.length !== 0 && velocity.length !== name.length) {
      return { kind: "malformed", reason: `joint_states has ${name.length} names and ${velocity.length} velocities` };
    }
    let bringsFirst = false;
    for (const [joint, wanted] of this.#names.entries()) {
      const at = name.indexOf(wanted);
      if (at >= 0) {
        this.#positions[joint] = position[at]!;
        this.#velocities[joint] = velocity.length === 0 ? 0 : velocity[at]!;
        this.#seenS[joint] = nowS;
        bringsFirst ||= joint === 0;
      }
    }
    const missing = this.#names.filter((_, joint) => nowS - this.#seenS[joint]! > this.#limitS);
    if (missing.length > 0) {
      return { kind: "incomplete", missing };
    }
    return bringsFirst ? { kind: "state", state: { positions: this.#positions.slice(), velocities: this.#velocities.slice() } } : undefined;
  }
}
