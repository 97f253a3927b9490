/** What of a bundle's numbers means the same place: x, y and z of the tool in action, state and latent. */
export interface AdaptedAxis {
  /** For people: x, y or z. */
  readonly name: string;
  /** Index of the action that moves it, m. */
  readonly action: number;
  /** Largest action either way, m. */
  readonly mostM: number;
  /** Index in the state, m. */
  readonly state: number;
  /** Index in the latent. */
  readonly latent: number;
  /** Entries of the latent that are places along this axis, the tool's among them: all of them move when the camera does. */
  readonly places: readonly { readonly latent: number; /** m of 1 in the latent. */ readonly scaleM: number }[];
  /** m = meanM + scaleM x entry, of the tool's. */
  readonly meanM: number;
  readonly scaleM: number;
  /** What the picture usually says less what the joints say, m: an error of the encoder that is no displaced camera. */
  readonly usualM: number;
  /** Standard deviation of that, and of how wrong a prediction of one period usually is, m. */
  readonly seenStdM: number;
  readonly stepStdM: number;
}

/** What of a manifest says where these are. */
export interface NamedBundle {
  readonly latent: {
    readonly shape: readonly number[];
    readonly readable?: { readonly names: readonly string[]; readonly units: readonly string[]; readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
  };
  readonly state: { readonly names: readonly string[] };
  readonly action: { readonly names: readonly string[]; readonly low: readonly number[]; readonly high: readonly number[] };
  readonly surprise?: {
    readonly prediction?: { readonly std: readonly number[] } | undefined;
    readonly arm?: { readonly latent: readonly string[]; readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
  } | undefined;
}

/** Where nothing is known of a bundle's errors: a centimetre model at work (m). */
const USUAL_STD_M = 0.005;

/** The axes of a bundle that can be corrected; none where it does not say what its latent means. */
export function adaptedAxes({ latent: { readable }, state, action, surprise }: NamedBundle): AdaptedAxis[] {
  if (readable === undefined) return [];
  return ["x", "y", "z"].flatMap((name) => {
    const at = { action: action.names.indexOf(`d${name}`), state: state.names.indexOf(`ee_${name}`), latent: readable.names.indexOf(`tool_${name}`) };
    if (Object.values(at).some((index) => index < 0)) return [];
    const arm = surprise?.arm?.latent.indexOf(`tool_${name}`) ?? -1;
    const scaleM = readable.std[at.latent]!;
    const predicted = surprise?.prediction?.std[at.latent];
    return [{
      name, ...at, meanM: readable.mean[at.latent]!, scaleM,
      mostM: Math.max(Math.abs(action.low[at.action]!), Math.abs(action.high[at.action]!)),
      places: readable.names.flatMap((entry, latent) => entry.endsWith(`_${name}`) && readable.units[latent] === "m" ? [{ latent, scaleM: readable.std[latent]! }] : []),
      usualM: arm < 0 ? 0 : surprise!.arm!.mean[arm]!,
      seenStdM: arm < 0 ? USUAL_STD_M : surprise!.arm!.std[arm]!,
      stepStdM: predicted === undefined ? USUAL_STD_M : predicted * scaleM,
    }];
  });
}
