import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";

/** A failure that the user can do something about: shown as one line, without a stack. */
export class SetupError extends Error {}

export function say(line) {
  process.stdout.write(`jepa-mpc: ${line}\n`);
}

/** Runs a command quietly; on failure throws a SetupError with `advice` and the last lines of what the command said. */
export function run(command, args, { advice, ...options } = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"], ...options });
  if (result.error === undefined && result.status === 0) {
    return result.stdout;
  }
  const said = `${result.stdout ?? ""}${result.stderr ?? ""}`.trim().split("\n").slice(-12).join("\n  ");
  const why = result.error?.message ?? `exit ${result.status ?? result.signal}`;
  throw new SetupError(`${advice ?? `"${command} ${args.join(" ")}" failed`} (${command}: ${why})${said === "" ? "" : `\n  ${said}`}`);
}

/** Whether a command exists and succeeds; returns its output or undefined. */
export function probe(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], ...options });
  return result.error === undefined && result.status === 0 ? result.stdout.trim() : undefined;
}

/** Runs a command in the foreground, hands it our signals, and resolves to its exit code. */
export function foreground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = (signal) => child.kill(signal);
    // Ctrl-C reaches the child from the terminal already; we only must not die before it.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    process.on("SIGHUP", forward);
    const release = () => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      process.off("SIGHUP", forward);
    };
    child.on("error", (error) => {
      release();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      release();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
