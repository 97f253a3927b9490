import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { MemoryRecall } from "../../src/dashboard/memory-recall.js";
import { ask, openSocket, serve, until, type Served } from "./served.js";

import type { RgbImage } from "../../src/camera/types.js";

const noise = (side: number): RgbImage => ({ width: side, height: side, data: Uint8Array.from({ length: side * side * 3 }, () => Math.random() * 256) });

describe("the dashboard's server", { timeout: 120_000 }, () => {
  let served: Served;

  before(async () => { served = await serve(); });
  after(() => served.dashboard.close());

  it("serves the page with a policy that runs no code but its own", async () => {
    const { status, headers, text } = await ask(served.port, "/");
    assert.equal(status, 200);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    // The only script that stands in the page is the import map, and its hash is the one that is allowed.
    const inline = [...text.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)];
    assert.equal(inline.length, 1);
    assert.ok(policy.includes(createHash("sha256").update(inline[0]![1]!).digest("base64")));
    assert.doesNotMatch(text, /\son\w+=|style=|https?:\/\//);
    const { imports } = JSON.parse(inline[0]![1]!) as { imports: Record<string, string> };
    for (const path of ["/page/stop.js", "/page/main.js", "/page.css", "/icon.svg", imports["three"]!, imports["urdf-loader"]!, "/vendor/three-addons/loaders/ColladaLoader.js"]) {
      assert.equal((await ask(served.port, path)).status, 200, path);
    }
    assert.equal(headers["x-frame-options"], "DENY");
  });

  it("gives nothing else away", async () => {
    for (const path of ["/package.json", "/page/../../package.json", "/page/%2e%2e/web-server.js", "/vendor/three/../../package.json", "/page/connection.js.map", "/goals/../x/y.jpg", "/memory/..%2f..%2fx/1.jpg", "/robot-meshes/..%2fx"]) {
      assert.equal((await ask(served.port, path)).status, 404, path);
    }
  });

  it("refuses other names and pages of others, for HTTP and WebSocket alike", async () => {
    assert.equal((await ask(served.port, "/", { headers: { host: "evil.example" } })).status, 403);
    const { stops } = served.robot;
    assert.equal((await ask(served.port, "/stop", { method: "POST", headers: { origin: "http://evil.example" } })).status, 403);
    assert.equal(served.robot.stops, stops);
    for (const headers of [{ origin: "http://evil.example" }, {}, { origin: `http://127.0.0.1:${served.port}`, host: "evil.example" }]) {
      await assert.rejects(openSocket(served.port, headers), /refused with 403/, JSON.stringify(headers));
    }
  });

  it("stops by WebSocket and by the form, and makes one stop of many at once", async () => {
    const { robot, port } = served;
    const { socket, seen } = await openSocket(port);
    robot.stops = 0;
    robot.stopsAnswerAtOnce = false;
    for (let id = 1; id <= 200; id++) socket.send(JSON.stringify({ do: "stop", id }));
    const form = ask(port, "/stop", { method: "POST", headers: { origin: `http://127.0.0.1:${port}` } });
    await until("a stop", () => robot.stops > 0);
    await sleep(200);
    assert.equal(robot.stops, 1);
    robot.stopsAnswerAtOnce = true;
    robot.answerStops!();
    assert.deepEqual({ status: (await form).status, text: (await form).text }, { status: 200, text: "Stopped: stopped\n" });
    await until("all answers", () => seen.filter(({ type, ok }) => type === "answer" && ok === true).length === 200);
    socket.terminate();
  });

  it("answers every bad command with one line, and goes on", async () => {
    const { socket, seen } = await openSocket(served.port);
    for (const text of ["{", "[]", "{\"do\":\"fly\",\"id\":7}", "{\"do\":\"goal\",\"id\":8,\"name\":\"\"}", "{\"do\":\"pause\",\"id\":9,\"on\":\"yes\"}", "{\"do\":\"stop\",\"id\":10,\"more\":1}"]) socket.send(text);
    socket.send(Buffer.from([1, 2]));
    socket.send("{\"do\":\"reset\",\"id\":11}");
    await until("answers", () => seen.some(({ id }) => id === 11));
    const answers = seen.filter(({ type }) => type === "answer");
    assert.deepEqual(answers.map(({ id, ok }) => [id, ok]), [[-1, false], [-1, false], [7, false], [8, false], [9, false], [10, false], [-1, false], [11, true]]);
    for (const { message } of answers) assert.doesNotMatch(String(message), /\n/);
    socket.terminate();
  });

  it("takes no more commands than a person gives, but every stop", async () => {
    const { robot, port } = served;
    const { socket, seen } = await openSocket(port);
    robot.goals = [];
    for (let id = 1; id <= 120; id++) socket.send(JSON.stringify({ do: "goal", id, name: "cup" }));
    robot.stops = 0;
    socket.send("{\"do\":\"stop\",\"id\":500}");
    await until("the stop", () => seen.some(({ id, ok }) => id === 500 && ok === true));
    assert.equal(robot.stops, 1);
    assert.ok(robot.goals.length >= 25 && robot.goals.length < 60, `${robot.goals.length} goals`);
    // And who sends without end is let go.
    const closed = new Promise((resolve) => { socket.on("close", resolve); });
    for (let i = 0; i < 3000; i++) socket.send("{\"do\":\"shown\"}");
    await closed;
  });

  it("watches the robot only while a page is open, and lets in no more pages than it can serve", async () => {
    const others = await serve();
    assert.equal(others.robot.watched, false);
    const pages = [];
    for (let i = 0; i < 12; i++) pages.push(await openSocket(others.port));
    assert.equal(others.robot.watched, true);
    await assert.rejects(openSocket(others.port), /refused with 503/);
    for (const { socket } of pages) socket.close();
    await until("nobody is watched for", () => !others.robot.watched);
    await others.dashboard.close();
  });

  it("sends the next picture only when one was shown, and at most ten a second", async () => {
    const { robot, port } = served;
    const { socket, pictures } = await openSocket(port);
    const camera = setInterval(() => { robot.events.picture(noise(64)); }, 10);
    await sleep(1500);
    assert.equal(pictures.length, 1, "the first was not shown yet");
    socket.on("message", (_, isBinary) => { if (isBinary) socket.send("{\"do\":\"shown\"}"); });
    socket.send("{\"do\":\"shown\"}");
    const before = pictures.length;
    await sleep(3000);
    clearInterval(camera);
    const count = pictures.length - before;
    assert.ok(count >= 3 && count <= 32, `${count} pictures in 3 s`);
    socket.terminate();
  });

  it("keeps nothing for a client that never reads", async () => {
    const { robot, port } = served;
    const raw = connect(port, "127.0.0.1");
    raw.write(`GET /live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`);
    raw.pause();
    const gone = new Promise((resolve) => { raw.on("close", resolve); });
    // Such a client says that it was shown whatever was sent, so that only what it does not read holds the server back.
    const shown = Buffer.from("{\"do\":\"shown\"}");
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | shown.length, 0, 0, 0, 0]), shown]);
    global.gc?.();
    const beforeBytes = process.memoryUsage().rss;
    const feeding = setInterval(() => {
      robot.events.picture(noise(512));
      raw.write(frame);
      robot.events.log("warning", `line ${performance.now()} ${"x".repeat(400)}`);
    }, 50);
    let most = 0;
    for (let i = 0; i < 100; i++) {
      await sleep(100);
      most = Math.max(most, process.memoryUsage().rss - beforeBytes);
    }
    clearInterval(feeding);
    // 10 s of such pictures are 40 MB and more; the bound is far below what a queue would have come to, and above what a busy heap swings.
    assert.ok(most < 150e6, `${(most / 1e6).toFixed(0)} MB more`);
    raw.destroy();
    await gone;
  });

  it("follows the controller's memory, and asks for its folder anew when a node that was inactive is active", async () => {
    const followed: string[] = [];
    class WatchedRecall extends MemoryRecall {
      override follow(folder: string): void {
        followed.push(folder);
        super.follow(folder);
      }
    }
    const { robot, port, dashboard } = await serve({ recall: new WatchedRecall("/nowhere") });
    robot.memoryDir = "/robot/one";
    const { socket } = await openSocket(port);
    const say = (state: string): void => { robot.events.status({ state, sentence: state, final: false, surprise: {} }); };
    say("inactive");
    await until("the first folder", () => followed.length === 1);
    robot.memoryDir = "/robot/two";
    say("inactive");
    await sleep(300);
    say("starting");
    await until("the second folder", () => followed.length === 2);
    say("idle");
    await sleep(300);
    assert.deepEqual(followed, ["/robot/one", "/robot/two"]);
    socket.terminate();
    await dashboard.close();
  });

  it("captures the newest picture as a goal and shows it", async () => {
    const { robot, library, port } = served;
    const { socket, seen } = await openSocket(port);
    robot.events.picture(noise(32));
    await until("a picture", () => true);
    for (const [id, name] of [[1, "here"], [2, "here"], [3, "../no"]] as const) {
      socket.send(JSON.stringify({ do: "capture", id, name, replace: false }));
      await until(`answer ${id}`, () => seen.some((message) => message["type"] === "answer" && message["id"] === id));
    }
    const answers = seen.filter(({ type }) => type === "answer").map(({ ok, message }) => [ok, String(message)] as const);
    assert.equal(answers[0]![0], true);
    assert.match(answers[1]![1], /goal here exists already/);
    assert.match(answers[2]![1], /goal name "\.\.\/no" is not allowed/);
    assert.equal((await library.image("here")).width, 32);
    // A client that has just come is shown the list as it was, perhaps before the goal is in it.
    const shown = (): { name: string; url: string }[] => (seen.findLast(({ type }) => type === "goals") as { goals?: { name: string; url: string }[] } | undefined)?.goals ?? [];
    await until("the goal in the list", () => shown().length > 0);
    const goals = shown();
    const picture = await ask(port, goals[0]!.url);
    assert.deepEqual([goals[0]!.name, picture.status, picture.headers["content-type"]], ["here", 200, "image/jpeg"]);
    socket.terminate();
  });
});

describe("the dashboard's server with a token", { timeout: 60_000 }, () => {
  const token = "0123456789abcdefghij";
  let served: Served;

  before(async () => { served = await serve({ token }); });
  after(() => served.dashboard.close());

  it("shows nothing and does nothing without it", async () => {
    const { status, text } = await ask(served.port, "/");
    assert.equal(status, 401);
    assert.match(text, /<label for="token">/);
    const origin = `http://127.0.0.1:${served.port}`;
    assert.equal((await ask(served.port, "/page/main.js")).status, 401);
    assert.equal((await ask(served.port, "/stop", { method: "POST", headers: { origin } })).status, 401);
    assert.equal(served.robot.stops, 0);
    await assert.rejects(openSocket(served.port), /refused with 401/);
    const form = { method: "POST", headers: { origin, "content-type": "application/x-www-form-urlencoded" } };
    const wrong = await ask(served.port, "/login", { ...form, body: "token=wrong" });
    assert.deepEqual([wrong.status, wrong.headers["set-cookie"]], [401, undefined]);
    assert.match(wrong.text, /This is not the token/);
    const right = await ask(served.port, "/login", { ...form, body: `token=${token}` });
    const [cookie] = right.headers["set-cookie"] ?? [];
    assert.equal(right.status, 303);
    assert.match(cookie!, /HttpOnly; SameSite=Strict/);
    const headers = { cookie: cookie!.split(";")[0]!, origin };
    assert.equal((await ask(served.port, "/", { headers })).status, 200);
    (await openSocket(served.port, headers)).socket.terminate();
    assert.equal((await ask(served.port, `/?token=${token}`)).status, 303);
    assert.equal((await ask(served.port, "/?token=wrong")).status, 401);
  });
});
