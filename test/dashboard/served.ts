import { mkdtempSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { WebSocket } from "ws";

import { MemoryRecall } from "../../src/dashboard/memory-recall.js";
import { serveDashboard } from "../../src/dashboard/serve-dashboard.js";
import { GoalLibrary } from "../../src/goals/goal-library.js";
import { QuietRobot } from "./quiet-robot.js";

import type { IncomingHttpHeaders } from "node:http";
import type { ServedDashboard, ServeDashboardOptions } from "../../src/dashboard/serve-dashboard.js";

/** A dashboard on a free port of the loopback interface. */
export interface Served {
  readonly robot: QuietRobot;
  readonly library: GoalLibrary;
  readonly port: number;
  readonly dashboard: ServedDashboard;
}

export async function serve(options: Partial<ServeDashboardOptions> = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-page-"));
  const library = new GoalLibrary(join(folder, "goals"));
  let robot: QuietRobot | undefined;
  const dashboard = await serveDashboard({
    connect: (events) => robot = new QuietRobot(events), library, recall: new MemoryRecall(join(folder, "memory")), version: "test",
    root: fileURLToPath(new URL("../../../", import.meta.url)), host: "127.0.0.1", port: 0, ...options,
  });
  return { robot: robot!, library, port: dashboard.port, dashboard };
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request with headers that fetch() would not let anybody set. */
export function ask(port: number, path: string, { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString("utf8") }); });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** A page's WebSocket; what it is told is kept. Rejects with the status when it is refused. */
export function openSocket(port: number, headers: Record<string, string> = { origin: `http://127.0.0.1:${port}` }): Promise<{ socket: WebSocket; seen: Record<string, unknown>[]; pictures: number[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers });
  const seen: Record<string, unknown>[] = [];
  const pictures: number[] = [];
  socket.on("message", (data, isBinary) => {
    if (isBinary) pictures.push((data as Buffer).length);
    else seen.push(JSON.parse((data as Buffer).toString("utf8")) as Record<string, unknown>);
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => { resolve({ socket, seen, pictures }); });
    socket.on("unexpected-response", (_, response) => { reject(new Error(`refused with ${response.statusCode}`)); });
    socket.on("error", (error) => { reject(error); });
  });
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean, withinMs = 15_000): Promise<void> {
  for (const end = performance.now() + withinMs; !holds();) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
