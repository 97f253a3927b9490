import type { Experience } from "../../src/chain/types.js";

/** Experience of stretches of latents, without proprioception and actions that mean anything. */
export function experienceOf(stretches: readonly (readonly (readonly number[])[])[]): Experience {
  return {
    latentDim: stretches[0]![0]!.length, stateDim: 1, actionDim: 1,
    stretches: stretches.map((frames, i) => ({
      id: String(i), frames: frames.length, latents: Float32Array.from(frames.flat()), states: new Float32Array(frames.length), actions: new Float32Array(frames.length - 1),
    })),
  };
}
