/** Worker thread that records: pictures are packed, files written and deleted and the index kept here, so that nobody else waits for a disk. */
import { parentPort, workerData } from "node:worker_threads";

import { oneLine } from "../text/one-line.js";
import { EpisodeKeeper } from "./episode-keeper.js";

import type { RecordingReply, RecordingRequest, RecordingSetup } from "./recording-messages.js";

const port = parentPort;
if (port === null) throw new Error("recording-worker: it is started by a Recorder");
const say = (reply: RecordingReply): void => { port.postMessage(reply); };
const keeper = new EpisodeKeeper(workerData as RecordingSetup, say);
let work = keeper.open().catch((error: unknown) => { say({ kind: "note", sentence: `memory: ${oneLine(error)}` }); });

port.on("message", (request: RecordingRequest) => {
  work = work.then(async () => {
    if (request.kind === "close") {
      keeper.close();
      // Without the port the thread ends by itself; ended from outside in the middle of a native call it takes the process with it.
      port.close();
    } else await keeper.take(request);
    say({ kind: "done", of: request.kind });
  });
});
