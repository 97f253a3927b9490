/** Worker thread of `ChainThread`: a bundle and a chain finder of its own. Graphs are searched for seconds at a time. */
import { parentPort, workerData } from "node:worker_threads";

import { Pursuit } from "../chain/pursuit.js";
import { openChainFinder } from "../experience/open-chain-finder.js";
import { oneLine } from "../text/one-line.js";
import { bundleIdentity, OnnxWorldModel } from "../world-model/index.js";
import { withGripper } from "../world-model/with-gripper.js";
import { lookAt } from "./assess-goal.js";

import type { ChainFinder } from "../chain/chain-finder.js";
import type { ChainAnswer, ChainOpened, ChainQuestion, ChainReply, ChainThreadOptions } from "./chain-thread.js";

const port = parentPort;
if (port === null) throw new Error("chain-worker: start it through ChainThread");
const { bundleDirectory, folder, episodes } = workerData as Omit<ChainThreadOptions, "onProgress">;

let opened: { readonly model: OnnxWorldModel; readonly finder: ChainFinder } | undefined;
let pursuit: Pursuit | undefined;

async function open(): Promise<ChainOpened> {
  // One thread: a controller that plans may be on the same machine.
  const model = await OnnxWorldModel.load(bundleDirectory, { threads: 1 });
  const { manifest } = model;
  const { finder } = await openChainFinder({
    folder, model, manifest, planner: { kind: "icem" }, ...(episodes === undefined ? {} : { episodes }),
    onProgress: (done, all) => { post({ kind: "progress", done, all }); },
  });
  opened = { model, finder };
  const { name, encoderSha256 } = bundleIdentity(manifest);
  return { bundle: name, encoderSha256 };
}

async function answer(question: ChainQuestion): Promise<ChainAnswer> {
  if (question.kind === "open") return open();
  const { model, finder } = opened!;
  switch (question.kind) {
    case "look":
      return (await model.encode(question.image)).slice();
    case "goal": {
      const { image, gripper } = question;
      const { latent, unlike } = await lookAt(model, image, "goal");
      if (unlike !== undefined && unlike > 1) {
        throw new Error(`the goal picture is unlike those of training (${unlike.toFixed(1)} times the threshold): take it with this camera in this place`);
      }
      pursuit = new Pursuit(finder, gripper === undefined ? latent.slice() : withGripper(latent, model.manifest, gripper));
      return undefined;
    }
    case "next":
      return pursuit!.next(question.seen, question.why);
    case "is_elsewhere":
      return finder.isElsewhere(question.seen, question.wanted);
  }
}

function post(reply: ChainReply): void {
  port!.postMessage(reply);
}

/** One at a time, in their order. */
let queue: Promise<void> = Promise.resolve();
port.on("message", ({ id, question }: { readonly id: number; readonly question: ChainQuestion }) => {
  queue = queue.then(() => answer(question)).then(
    (value) => { post({ kind: "answer", id, value }); },
    (error: unknown) => { post({ kind: "failed", id, message: oneLine(error) }); },
  );
});
