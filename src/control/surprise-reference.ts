import type { ArmEntry, Calibration, SurpriseReference } from "../surprise/index.js";
import type { Manifest } from "../world-model/manifest.js";

/** What a latent's entries may be called that proprioception says, too, and what proprioception calls them. */
const SAME: Readonly<Record<string, string>> = { tool_x: "ee_x", tool_y: "ee_y", tool_z: "ee_z", opening: "gripper_opening" };

type Names = Pick<Manifest, "latent" | "state">;

/** The entries of the latent that can be held against proprioception; none where the bundle does not say what they mean. */
export function armEntries({ latent: { readable }, state }: Names): ArmEntry[] {
  return (readable?.names ?? []).flatMap((name) => {
    const of = SAME[name];
    return of !== undefined && state.names.includes(of) ? [armEntry({ latent: { readable }, state }, name, of)] : [];
  });
}

function armEntry({ latent: { readable }, state }: { readonly latent: Pick<Manifest["latent"], "readable">; readonly state: Manifest["state"] }, latentName: string, stateName: string): ArmEntry {
  const latent = readable!.names.indexOf(latentName);
  return { latent, state: state.names.indexOf(stateName), mean: readable!.mean[latent]!, std: readable!.std[latent]! };
}

/** What the bundle knows of normal runs; undefined where it was not calibrated. */
export function surpriseReference(manifest: Names & Pick<Manifest, "surprise">): SurpriseReference | undefined {
  const { surprise } = manifest;
  if (surprise === undefined) return undefined;
  const { prediction, arm, picture, energy, goal } = surprise;
  return {
    ...(prediction === undefined ? {} : { prediction }),
    ...(arm === undefined ? {} : { arm: { ...arm, entries: arm.latent.map((name, i) => armEntry(manifest, name, arm.state[i]!)) } }),
    ...(picture === undefined ? {} : { picture }),
    ...(energy === undefined ? {} : { energy }),
    ...(goal === undefined ? {} : { goal }),
  };
}

/** A calibration as the manifest has it. @param created YYYY-MM-DD. */
export function surpriseSection({ latent, state }: Names, { reference, fitRuns, thresholdRuns }: Calibration, about: { readonly source: string; readonly created: string; readonly alpha: number }): NonNullable<Manifest["surprise"]> {
  const { prediction, arm, picture, energy, goal } = reference;
  const limit = ({ threshold, frames }: { readonly threshold: number; readonly frames: number }): { threshold: number; frames: number } => ({ threshold, frames });
  return {
    ...about,
    fit_runs: fitRuns,
    threshold_runs: thresholdRuns,
    ...(prediction === undefined ? {} : { prediction: { mean: [...prediction.mean], std: [...prediction.std], ...limit(prediction) } }),
    ...(arm === undefined ? {} : {
      arm: {
        latent: arm.entries.map((entry) => latent.readable!.names[entry.latent]!), state: arm.entries.map((entry) => state.names[entry.state]!),
        mean: [...arm.mean], std: [...arm.std], ...limit(arm),
      },
    }),
    ...(picture === undefined ? {} : { picture: limit(picture) }),
    ...(energy === undefined ? {} : { energy: limit(energy) }),
    ...(goal === undefined ? {} : { goal: { threshold: goal.threshold } }),
  };
}
