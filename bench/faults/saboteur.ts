/**
 * Loaded into the controller's process and its planning worker with NODE_OPTIONS=--import, so that things that cannot be done from another
 * process can be done to the running node: it listens on the parent's channel and does nothing until it is told.
 */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { BroadcastChannel, isMainThread } from "node:worker_threads";

/** What can be done to the process. */
export type Sabotage =
  /** The thread that spins ROS does nothing else for so long. */
  | { readonly what: "block_main"; readonly forS: number }
  /** The worker's thread ends. */
  | { readonly what: "exit" }
  /** An error in the worker that nobody catches. */
  | { readonly what: "throw" }
  /** Each run of the model: rejects, gives NaN, takes longer, or never comes back. */
  | { readonly what: "refuse" | "nan" | "hang" }
  | { readonly what: "slow"; readonly byS: number }
  | { readonly what: "nothing" };

interface Session {
  run: (this: Session, ...args: unknown[]) => Promise<unknown>;
}

const channel = new BroadcastChannel("jepa-mpc saboteur");
let current: Sabotage = { what: "nothing" };
let patched = false;

if (isMainThread) {
  process.on("message", (sabotage: Sabotage) => {
    if (sabotage.what === "block_main") {
      const end = performance.now() + sabotage.forS * 1000;
      while (performance.now() < end);
    } else channel.postMessage(sabotage);
  });
  process.channel?.unref();
} else {
  channel.onmessage = (event: unknown) => { obey((event as { readonly data: Sabotage }).data); };
}
channel.unref();

function obey(sabotage: Sabotage): void {
  current = sabotage;
  if (sabotage.what === "exit") process.exit(3);
  if (sabotage.what === "throw") throw new Error("sabotaged: an error that nobody catches");
  if (patched) return;
  patched = true;
  // The instance that the model's backend has already loaded.
  const { InferenceSession } = createRequire(import.meta.url)("onnxruntime-node") as { InferenceSession: { prototype: Session } };
  const { prototype } = InferenceSession;
  const run = prototype.run;
  prototype.run = async function (this: Session, ...args) {
    if (current.what === "refuse") throw new Error("sabotaged: the model does not run");
    if (current.what === "slow") await sleep(current.byS * 1000);
    if (current.what === "hang") for (;;);
    const outputs = await run.apply(this, args);
    // The second argument holds the buffers that the results are written into.
    const buffers = Object.values(args[1] as Record<string, { readonly data: unknown }>);
    if (current.what === "nan") for (const { data } of buffers) if (data instanceof Float32Array) data.fill(NaN);
    return outputs;
  };
}
