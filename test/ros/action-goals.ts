import { encodePng } from "../../src/camera/files.js";
import { hasInterfaces } from "../../src/ros/environment.js";
import { SKIP } from "./graph.js";

import type { Seen, Stranger } from "./stranger.js";

/** Why tests of the action cannot be run here, or false. */
export const SKIP_ACTION: string | false = SKIP !== false ? SKIP : hasInterfaces("jepa_mpc_msgs") ? false : "jepa_mpc_msgs is not built";

export interface SeenResult extends Seen {
  readonly key: string;
  readonly status: string;
  readonly code: number;
  readonly message: string;
  readonly energy: number | string;
  readonly steps: number;
  readonly duration_s: number;
}

export interface SeenFeedback extends Seen {
  readonly key: string;
  readonly energy: number | string;
  readonly share: number | string;
  readonly sub_goal: number;
  readonly count: number;
  readonly steps: number;
  readonly plan_age_s: number | string;
  readonly solve_time_s: number | string;
  readonly state: string;
  readonly sentence: string;
}

/** The stranger's picture of a seed as PNG, base64. */
export async function packedPicture(seed: number): Promise<string> {
  const row = Uint8Array.from({ length: 64 * 3 }, (_, x) => (37 * x + 11 * seed) % 256);
  const data = new Uint8Array(64 * row.length);
  for (let y = 0; y < 64; y++) {
    data.set(row, y * row.length);
  }
  return Buffer.from(await encodePng({ width: 64, height: 64, data })).toString("base64");
}

/** The stranger as the action's client. */
export class ActionGoals {
  readonly #stranger: Stranger;
  #count = 0;

  constructor(stranger: Stranger) {
    this.#stranger = stranger;
  }

  /** Sends a goal. @returns its key. */
  async send(fields: Readonly<Record<string, unknown>>): Promise<{ readonly key: string; readonly accepted: boolean }> {
    const key = `goal${this.#count++}`;
    const from = this.#stranger.mark;
    this.#stranger.do({ do: "reach", key, ...fields });
    const answer = await this.#stranger.waitFor((seen) => seen.event === "goal_answer" && seen["key"] === key, `the answer to ${key}`, from);
    return { key, accepted: answer["accepted"] as boolean };
  }

  result(key: string): Promise<SeenResult> {
    return this.#stranger.waitFor<SeenResult>((seen) => seen.event === "result" && seen["key"] === key, `the result of ${key}`);
  }

  /** Sends a goal and waits for its result. */
  async run(fields: Readonly<Record<string, unknown>>): Promise<SeenResult> {
    return this.result((await this.send(fields)).key);
  }

  feedback(key: string, fits: (feedback: SeenFeedback) => boolean, what: string, from = 0): Promise<SeenFeedback> {
    return this.#stranger.waitFor<SeenFeedback>((seen) => seen.event === "feedback" && seen["key"] === key && fits(seen as SeenFeedback), what, from);
  }

  /** Sends a goal and waits until the robot is on its way. */
  async under(fields: Readonly<Record<string, unknown>>): Promise<string> {
    const { key } = await this.send(fields);
    await this.feedback(key, ({ state, steps }) => state === "planning" && steps > 0, `a step to ${key}`);
    return key;
  }
}
