import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import express from "express";
import { WebSocketServer } from "ws";

import { readMeshFile } from "../robot/mesh-file.js";
import { Access } from "./access.js";
import { MOST_CLIENTS } from "./dashboard.js";
import { withServedMeshes } from "./served-urdf.js";

import type { Request, Response } from "express";
import type { AddressInfo } from "node:net";
import type { Dashboard, Recall } from "./dashboard.js";
import type { GoalShelf } from "./goal-shelf.js";

/** Longest command, bytes. */
const MOST_BYTES = 8192;
/** Wrong tokens are answered a little later, ms. */
const WRONG_TOKEN_MS = 500;

/** Where a server listens, and who may speak to it. */
export interface ServerAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Needed for a host that others reach. */
  readonly token?: string | undefined;
  /** Further names that browsers know the machine by. */
  readonly allowedHosts?: readonly string[];
}

export interface WebServerOptions extends ServerAddress {
  readonly dashboard: Dashboard;
  readonly shelf: GoalShelf;
  readonly recall: Recall;
  /** HTML, CSS and icon. */
  readonly staticDir: string;
}

export interface RunningServer {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Serves the page, its pictures and its WebSocket. Nothing is asked of other servers, and pages run no code but the files served here.
 *
 * @throws Error with one line when the address cannot be listened on.
 */
export async function startWebServer(options: WebServerOptions): Promise<RunningServer> {
  const { dashboard, host } = options;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(error.code === "EADDRINUSE" ? `port ${options.port} of ${host} is taken; choose another with --port`
        : error.code === "EACCES" ? `port ${options.port} may not be used by this user; choose one above 1023 with --port`
          : `cannot listen on ${host} port ${options.port}: ${error.message}`));
    });
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const access = new Access({ host, port, token: options.token, ...(options.allowedHosts === undefined ? {} : { allowedHosts: options.allowedHosts }) });
  const app = pages(options, access);
  server.on("request", (request, response) => { app(request, response); });
  // A browser that sends half a request keeps nothing open for long.
  server.requestTimeout = 10_000;
  server.headersTimeout = 5000;

  // Without compression: pictures are packed already, and it costs memory for each client.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, perMessageDeflate: false });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => { socket.destroy(); });
    const refused = request.url !== "/live" ? "404 Not Found"
      // Browsers always say where a WebSocket comes from.
      : access.refusal(request) !== undefined || request.headers.origin === undefined ? "403 Forbidden"
        : !access.isLetIn(request) ? "401 Unauthorized"
          : dashboard.clientCount >= MOST_CLIENTS ? "503 Service Unavailable" : undefined;
    if (refused !== undefined) {
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => { dashboard.add(webSocket); });
  });

  return {
    port,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
    },
  };
}

function pages({ dashboard, shelf, recall, staticDir }: WebServerOptions, access: Access): express.Express {
  const index = readFileSync(join(staticDir, "index.html"), "utf8");
  const login = readFileSync(join(staticDir, "login.html"), "utf8");
  const policy = contentSecurityPolicy(index);
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", "strong");
  app.use((request, response, next) => {
    const refused = access.refusal(request);
    response.set({
      "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-cache",
    });
    if (refused === undefined) next();
    else response.status(403).type("text").send(`${refused}\n`);
  });
  app.get("/page.css", (_, response) => { response.sendFile(join(staticDir, "page.css")); });
  app.get("/icon.svg", (_, response) => { response.sendFile(join(staticDir, "icon.svg")); });

  const answerToken = async (token: unknown, response: Response): Promise<void> => {
    const cookie = typeof token === "string" ? access.cookieFor(token) : undefined;
    if (cookie !== undefined) {
      response.set("Set-Cookie", cookie).redirect(303, "/");
      return;
    }
    await new Promise((resolve) => { setTimeout(resolve, WRONG_TOKEN_MS); });
    response.status(401).type("html").send(login.replace("<!-- problem -->", "<p role=\"alert\">This is not the token. It was printed where the dashboard was started.</p>"));
  };
  app.post("/login", express.urlencoded({ extended: false, limit: 1024 }), (request: Request, response) => answerToken((request.body as Record<string, unknown> | undefined)?.["token"], response));
  app.use(async (request, response, next) => {
    if (access.isLetIn(request)) {
      next();
    } else if (request.path === "/" && typeof request.query["token"] === "string") {
      await answerToken(request.query["token"], response);
    } else {
      response.status(401).type("html").send(login);
    }
  });

  app.get("/", (_, response) => { response.type("html").send(index); });
  // A form's answer, for a page whose scripts do not run.
  app.post("/stop", async (_, response) => {
    const { ok, message } = await dashboard.stop();
    response.status(ok ? 200 : 503).type("text").send(ok ? `Stopped: ${message}\n` : `NOT STOPPED: ${message} Use the emergency stop.\n`);
  });
  app.get("/robot.urdf", (_, response) => {
    if (dashboard.urdf === undefined) response.status(404).type("text").send("the robot's URDF is not known yet\n");
    else response.type("application/xml").send(withServedMeshes(dashboard.urdf).urdf);
  });
  app.get("/robot-meshes/:file", (request, response) => {
    // Only what the URDF names, by its number: no path comes from the browser.
    const uri = withServedMeshes(dashboard.urdf ?? "").meshes.get(request.params.file);
    if (uri === undefined) {
      response.status(404).end();
      return;
    }
    try {
      response.type("application/octet-stream").send(Buffer.from(readMeshFile(uri)));
    } catch {
      response.status(404).end();
    }
  });
  const jpeg = (response: Response, picture: Promise<Buffer>): Promise<void> => picture.then(
    (bytes) => { response.set("Cache-Control", "private, max-age=86400, immutable").type("image/jpeg").send(bytes); },
    () => { response.status(404).end(); },
  );
  app.get("/goals/:name/:hash.jpg", ({ params }, response) => jpeg(response, shelf.thumbnail(params.name, params.hash)));
  app.get("/memory/:episode/:step.jpg", ({ params }, response) => jpeg(response, recall.frame(params.episode, Number(params.step))));

  const scripts = { index: false, redirect: false, extensions: [] as string[] };
  const own = join(dirname(fileURLToPath(import.meta.url)), "page");
  app.use("/page", onlyScripts, express.static(own, scripts));
  for (const [route, folder] of vendorFolders()) app.use(route, onlyScripts, express.static(folder, scripts));
  app.use((_, response) => { response.status(404).type("text").send("there is nothing here\n"); });
  return app;
}

function onlyScripts(request: Request, response: Response, next: () => void): void {
  if (request.method === "GET" && request.path.endsWith(".js")) next();
  else response.status(404).end();
}

/** Libraries of the page: as they are installed, nothing is bundled. index.html maps their names to these. */
function vendorFolders(): [route: string, folder: string][] {
  const require = createRequire(import.meta.url);
  const three = dirname(require.resolve("three"));
  return [
    ["/vendor/three", three],
    ["/vendor/three-addons", join(three, "..", "examples", "jsm")],
    ["/vendor/urdf-loader", dirname(require.resolve("urdf-loader"))],
  ];
}

/** Scripts from this server only; the import map, which must stand in the page, by its hash. */
function contentSecurityPolicy(html: string): string {
  const map = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
  const hash = createHash("sha256").update(map).digest("base64");
  return [
    "default-src 'none'", `script-src 'self' 'sha256-${hash}'`, "style-src 'self'", "img-src 'self' blob: data:", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
  ].join("; ");
}
