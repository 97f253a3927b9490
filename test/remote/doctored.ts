import { type InferenceOptions, OnnxWorldModel } from "../../src/world-model/index.js";

/** Why a bundle cannot be had from a server, or nothing when all of its models have run there. */
export async function doctored(bundle: string, inference: InferenceOptions): Promise<string | undefined> {
  try {
    await (await OnnxWorldModel.load(bundle, { inference })).close();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
