import type { RclClient } from "./rclnodejs.js";

/** How often it is looked whether a service is there, ms. */
const LOOK_EVERY_MS = 20;

/**
 * Calls a service.
 *
 * @param what names the service in the error. @param withinMs for finding it and its answer together.
 * @throws Error with one line when it is not there or does not answer in time.
 */
export async function callService<Request, Response>(client: RclClient<Request, Response>, request: Request, what: string, withinMs: number): Promise<Response> {
  const dueMs = performance.now() + withinMs;
  while (!client.isServiceServerAvailable()) {
    if (performance.now() >= dueMs) throw new Error(`${what} is not on the graph`);
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new Error(`${what} did not answer within ${(withinMs / 1000).toFixed(1)} s`)); }, Math.max(1, dueMs - performance.now()));
    client.sendRequest(request, (response) => {
      clearTimeout(timer);
      resolve(response);
    });
  });
}
