import type { Float64MultiArrayMessage } from "./messages.js";

/** std_msgs/Float64MultiArray of a latent, [latentDim]. */
export function latentMessage(latent: Float32Array): Float64MultiArrayMessage {
  return { layout: { dim: [{ label: "latent", size: latent.length, stride: latent.length }], data_offset: 0 }, data: Array.from(latent) };
}

/** std_msgs/Float64MultiArray of a plan's actions, [steps, actions]; the second dimension's label has the actions' names. */
export function planMessage(actions: Float32Array, names: readonly string[]): Float64MultiArrayMessage {
  const dim = names.length;
  return {
    layout: {
      dim: [
        { label: "step", size: actions.length / dim, stride: actions.length },
        { label: names.join(","), size: dim, stride: dim },
      ],
      data_offset: 0,
    },
    data: Array.from(actions),
  };
}
