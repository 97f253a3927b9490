import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { ServerCommand } from "./child-server.js";

/** The folder with package.json; the tests run in dist/test/remote. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const SHIPPED = join(ROOT, "models", "arm-objects-jepa");

const SERVING = join(ROOT, ".env-serving", "bin");

/** Why MLServer cannot be run here, or false. */
export const NO_MLSERVER: string | false = existsSync(join(SERVING, "mlserver")) ? false : "MLServer is not installed here: node scripts/setup.mjs --serving";

/** The tests' own server of the same protocol, with the real graphs. */
export function ownServer(bundle: string): (port: number) => ServerCommand {
  return (port) => ({ command: process.execPath, argv: [join(ROOT, "dist", "test", "world-model", "inference-server-main.js"), bundle, String(port)], env: process.env });
}

/** MLServer on a model repository. */
export function mlserver(repository: string): (port: number, httpPort: number) => ServerCommand {
  return (port, httpPort) => ({
    command: join(SERVING, "mlserver"), argv: ["start", repository],
    env: { ...process.env, MLSERVER_GRPC_PORT: String(port), MLSERVER_HTTP_PORT: String(httpPort), PYTHONDONTWRITEBYTECODE: "1" },
  });
}

/** Runs Python of the serving environment; throws with what it said when it fails. */
export function servingPython(...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(SERVING, "python"), argv, { encoding: "utf8", timeout: 120_000 });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** The model repository of a bundle. */
export function writeRepository(bundle: string, out: string): void {
  servingPython(join(ROOT, "training", "model_repository.py"), "--bundle", bundle, "--out", out);
}
