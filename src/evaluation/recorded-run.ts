import { z } from "zod";

import type { CalibrationRun, SurpriseObservation } from "../surprise/index.js";

/** A run as it is kept for calibration: one line of a JSON Lines file. It may be of a simulated or of a real robot. */
const recordedRun = z.strictObject({
  /** Whether it counts as one that went well. */
  success: z.boolean(),
  /** Which one it was, for people. */
  name: z.string(),
  /** Unlikeness of each goal picture, where it is known. */
  goals: z.array(z.number()),
  /** Indices of observations before which the planner began anew. */
  starts: z.array(z.int()),
  /** Of each planned picture. */
  observations: z.array(z.strictObject({
    latent: z.array(z.number()),
    state: z.array(z.number()),
    predicted: z.array(z.number()).optional(),
    unlikeness: z.number().optional(),
    energy: z.number().optional(),
  })),
});

export type RecordedRun = z.infer<typeof recordedRun>;

/**
 * Reads runs, one a line. @param latentDim and @param stateDim of the bundle that they are for.
 * @throws Error with one line: which line, which field, what belongs there.
 */
export function parseRuns(text: string, file: string, latentDim: number, stateDim: number): RecordedRun[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const refuse = (why: string): never => { throw new Error(`${file}, line ${i + 1}: ${why}`); };
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return refuse("it is not JSON: give a file that surprise calibrate --record wrote");
    }
    const result = recordedRun.safeParse(value);
    if (!result.success) {
      const issue = result.error.issues[0]!;
      return refuse(`${issue.path.join(".") || "it"} is no field of a recorded run: ${issue.message}`);
    }
    for (const { latent, state, predicted } of result.data.observations) {
      for (const [name, values, wanted] of [["latent", latent, latentDim], ["state", state, stateDim], ["predicted", predicted, latentDim]] as const) {
        if (values !== undefined && values.length !== wanted) refuse(`${name} has ${values.length} values, the bundle's has ${wanted}: give runs of this bundle`);
      }
    }
    return [result.data];
  });
}

/** @returns the line without its end. */
export function formatRun({ goals, starts, observations }: CalibrationRun, about: Pick<RecordedRun, "success" | "name">): string {
  const run: RecordedRun = {
    ...about, goals: [...goals], starts: [...starts ?? []],
    observations: observations.map(({ latent, state, predicted, ...rest }) => ({
      latent: [...latent], state: [...state], ...(predicted === undefined ? {} : { predicted: [...predicted] }), ...rest,
    })),
  };
  return JSON.stringify(run);
}

/** A run as calibration takes it. */
export function calibrationRun({ goals, starts, observations }: RecordedRun): CalibrationRun {
  return {
    goals, starts,
    observations: observations.map(({ latent, state, predicted, unlikeness, energy }): SurpriseObservation => ({
      latent: Float32Array.from(latent), state: Float32Array.from(state),
      ...(predicted === undefined ? {} : { predicted: Float32Array.from(predicted) }),
      ...(unlikeness === undefined ? {} : { unlikeness }), ...(energy === undefined ? {} : { energy }),
    })),
  };
}
