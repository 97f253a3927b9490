import type { MessagePort } from "node:worker_threads";
import type { RgbImage } from "../camera/types.js";
import { unavailability } from "../world-model/model-unavailable.js";
import { monotonicMs } from "./monotonic-ms.js";
import type { Looked, PlanningService } from "./planning-service.js";
import { readSharedPicture } from "./shared-pictures.js";
import type { WorkerReply, WorkerRequest } from "./worker-messages.js";

/** Answers the requests that come through `port` from `service`, in order. @param warning what could not be done as asked. */
export function servePlanning(port: MessagePort, service: PlanningService, warning?: string): void {
  const post = (reply: WorkerReply): void => port.postMessage(reply);
  const failed = (id: number, error: unknown): void => {
    // An error's class does not survive the way between threads.
    const unavailable = unavailability(error);
    post({ kind: "failed", id, message: unavailable?.message ?? (error instanceof Error ? error.message : String(error)), unavailable: unavailable !== undefined });
  };
  port.on("message", (request: WorkerRequest) => {
    switch (request.kind) {
      case "encode":
        look(service, readSharedPicture(request.picture)).then(
          (looked) => post({ kind: "encoded", id: request.id, ...looked }),
          (error: unknown) => failed(request.id, error),
        );
        break;
      case "plan":
        // What it took to get here is gone from the time there is.
        service.plan({ ...request.request, deadlineMs: request.dueMs - monotonicMs(), image: readSharedPicture(request.picture) }).then(
          (result) => post({ kind: "planned", id: request.id, result, sentMs: monotonicMs() }),
          (error: unknown) => failed(request.id, error),
        );
        break;
      case "score":
        Promise.resolve(request.request).then((asked) => {
          if (service.score === undefined) throw new Error("This planning service scores no sequences.");
          return service.score(asked);
        }).then(
          (energies) => post({ kind: "scored", id: request.id, energies }),
          (error: unknown) => failed(request.id, error),
        );
        break;
      case "recall":
        service.recall?.();
        break;
      case "reset":
        service.reset(request.seed);
        break;
      default:
        request satisfies never;
    }
  });
  post({ kind: "ready", model: service.model, ...(warning === undefined ? {} : { warning }) });
}

async function look(service: PlanningService, image: RgbImage): Promise<Looked> {
  return service.look === undefined ? { latent: await service.encode(image) } : service.look(image);
}
