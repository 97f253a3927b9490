import type { MessagePort } from "node:worker_threads";
import type { RgbImage } from "../camera/types.js";
import type { Looked, PlanningService } from "./planning-service.js";
import { readSharedPicture } from "./shared-pictures.js";
import type { WorkerReply, WorkerRequest } from "./worker-messages.js";

/** Answers the requests that come through `port` from `service`, in order. */
export function servePlanning(port: MessagePort, service: PlanningService): void {
  const post = (reply: WorkerReply): void => port.postMessage(reply);
  const failed = (id: number, error: unknown): void =>
    post({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
  port.on("message", (request: WorkerRequest) => {
    switch (request.kind) {
      case "encode":
        look(service, readSharedPicture(request.picture)).then(
          (looked) => post({ kind: "encoded", id: request.id, ...looked }),
          (error: unknown) => failed(request.id, error),
        );
        break;
      case "plan":
        service.plan({ ...request.request, image: readSharedPicture(request.picture) }).then(
          (result) => post({ kind: "planned", id: request.id, result }),
          (error: unknown) => failed(request.id, error),
        );
        break;
      case "reset":
        service.reset(request.seed);
        break;
      default:
        request satisfies never;
    }
  });
  post({ kind: "ready", model: service.model });
}

async function look(service: PlanningService, image: RgbImage): Promise<Looked> {
  return service.look === undefined ? { latent: await service.encode(image) } : service.look(image);
}
