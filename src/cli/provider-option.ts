/** Yargs option of the commands that run a model for long enough to matter. Which there are, the installed ONNX Runtime says. */
export const PROVIDER_OPTION = {
  type: "string",
  requiresArg: true,
  describe: "What of ONNX Runtime runs the model: cpu, or another that the installed build has [default: cpu]",
} as const;
