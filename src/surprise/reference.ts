/** What is watched. */
export const DETECTORS = ["prediction", "arm", "picture", "energy"] as const;

export type Detector = (typeof DETECTORS)[number];

/** From which score on, in how many pictures in a row. */
export interface Limit {
  readonly threshold: number;
  readonly frames: number;
}

/** What is usual of each entry of a difference: mean and standard deviation. */
export interface Usual {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** An entry of the latent that says of the arm what proprioception says, too. */
export interface ArmEntry {
  readonly latent: number;
  readonly state: number;
  /** value in the state's unit = mean + std x latent entry. */
  readonly mean: number;
  readonly std: number;
}

/** What is normal, as it was found in successful runs. A detector that is left out is not watched. */
export interface SurpriseReference {
  readonly prediction?: Limit & Usual;
  readonly arm?: Limit & Usual & { readonly entries: readonly ArmEntry[] };
  readonly picture?: Limit;
  readonly energy?: Limit;
  /** For the goal's picture: the unlikeness from which on it is refused. */
  readonly goal?: { readonly threshold: number };
}
