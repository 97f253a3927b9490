import { ChainFinder } from "../chain/chain-finder.js";
import { latentParts } from "../chain/latent-parts.js";
import type { PlannerConfig } from "../control/planner-config.js";
import { bundleIdentity, type Manifest, type WorldModel } from "../world-model/index.js";
import { experienceCacheDir } from "./cache-dir.js";
import { legChecker } from "./leg-checker.js";
import { unpredictability } from "./unpredictability.js";
import type { Remembered } from "./remembered.js";
import { rememberShards } from "./shards.js";

export interface OpenChainFinderOptions {
  /** Folder of what was lived: a data set of shards. */
  readonly folder: string;
  readonly model: WorldModel;
  readonly manifest: Manifest;
  /** That checks the legs; what it does not say is the bundle's. */
  readonly planner: PlannerConfig;
  /** Episodes that are used. Default: all. */
  readonly episodes?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** A leg is good enough when the planner predicts that it leaves less than so many times what counts as reached. */
const PASSES = 2;

/** Remembers what was lived, with the model's encoder, and makes a finder of chains in it. @throws Error with one line when the folder cannot be used. */
export async function openChainFinder(options: OpenChainFinderOptions): Promise<{ readonly finder: ChainFinder; readonly remembered: Remembered }> {
  const { folder, model, manifest, planner, episodes, onProgress } = options;
  const remembered = await rememberShards(folder, {
    encode: (image) => model.encode(image), encoderSha256: bundleIdentity(manifest).encoderSha256, latentDim: model.latentDim, stateDim: model.stateDim, actionDim: model.actionDim,
    cacheDir: experienceCacheDir(), ...(episodes === undefined ? {} : { episodes }), ...(onProgress === undefined ? {} : { onProgress }),
  });
  const { experience } = remembered;
  const parts = latentParts(manifest.latent.readable);
  const finder = new ChainFinder({
    experience, horizon: model.horizon, passBelow: PASSES * manifest.energy.reached_below, check: legChecker({ model, manifest, planner, experience }),
    unpredictability: (at) => unpredictability(model, experience, at), trustedBelow: manifest.energy.reached_below,
    ...(parts === undefined ? {} : { parts }),
  });
  return { finder, remembered };
}
