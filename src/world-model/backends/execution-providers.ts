import { listSupportedBackends } from "onnxruntime-node";

/** What runs the operators where nothing is said. */
export const DEFAULT_PROVIDER = "cpu";

/** An execution provider that the installed ONNX Runtime was built with. */
export interface ExecutionProvider {
  /** As sessions call it: `cpu`, `webgpu`, `cuda` … */
  readonly name: string;
  /** False where its libraries are installed apart. */
  readonly bundled: boolean;
}

/** That a provider cannot be used; the message is one sentence with what to do. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}

/** The providers of the installed build, as it says itself; whether their devices are there shows only when a session starts. */
export function executionProviders(): readonly ExecutionProvider[] {
  return listSupportedBackends().map(({ name, bundled }) => ({ name, bundled }));
}

/** @throws ProviderError naming those that there are when `name` is none of them. */
export function checkProvider(name: string, known: readonly ExecutionProvider[] = executionProviders()): void {
  if (known.some((provider) => provider.name === name)) return;
  const apart = known.filter(({ bundled }) => !bundled).map((provider) => provider.name);
  throw new ProviderError(
    `execution provider ${JSON.stringify(name)} is not in this build of ONNX Runtime: choose one of ${known.map((provider) => provider.name).join(", ")}`
    + (apart.length === 0 ? "" : ` (the libraries of ${apart.join(" and ")} are installed apart)`),
  );
}
