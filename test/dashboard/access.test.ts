import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Access, isLoopback, makeToken } from "../../src/dashboard/access.js";

import type { IncomingMessage } from "node:http";

const TOKEN = "a-token-of-some-length";
const request = (headers: Record<string, string>): IncomingMessage => ({ headers }) as unknown as IncomingMessage;

describe("Access", () => {
  it("knows which addresses only this machine reaches", () => {
    for (const host of ["127.0.0.1", "127.8.0.1", "::1", "localhost"]) assert.ok(isLoopback(host), host);
    for (const host of ["0.0.0.0", "192.168.1.4", "::", "robot", "127.robot"]) assert.ok(!isLoopback(host), host);
  });

  it("has no address that others reach without a token", () => {
    assert.throws(() => new Access({ host: "0.0.0.0", port: 80 }), /"0\.0\.0\.0" is reached from other machines: a token is needed/);
  });

  it("refuses names that are not this machine's, and pages of others", () => {
    const access = new Access({ host: "127.0.0.1", port: 8460, allowedHosts: ["robot.example"] });
    assert.equal(access.refusal(request({ host: "localhost:8460", origin: "http://localhost:8460" })), undefined);
    assert.equal(access.refusal(request({ host: "Robot.Example:8460" })), undefined);
    assert.match(access.refusal(request({ host: "evil.example:8460" }))!, /not known as "evil\.example:8460"/);
    assert.match(access.refusal(request({ host: "localhost:81" }))!, /not known/);
    assert.match(access.refusal(request({}))!, /not known/);
    for (const origin of ["http://evil.example", "null", "http://localhost:1234", "https://localhost:8460"]) {
      assert.match(access.refusal(request({ host: "localhost:8460", origin }))!, /may not speak/, origin);
    }
    assert.match(access.refusal(request({ host: "localhost:8460", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }))!, /may not speak/);
  });

  it("lets in who has the token, by a cookie that only its process knows", () => {
    const access = new Access({ host: "0.0.0.0", port: 8460, token: TOKEN });
    assert.equal(access.isLetIn(request({})), false);
    assert.equal(access.cookieFor("another"), undefined);
    const cookie = access.cookieFor(TOKEN)!;
    assert.match(cookie, /^jepa_mpc_dashboard_8460=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.ok(!cookie.includes(TOKEN));
    const sent = `other=1; ${cookie.split(";")[0]}`;
    assert.equal(access.isLetIn(request({ cookie: sent })), true);
    assert.equal(new Access({ host: "0.0.0.0", port: 8460, token: TOKEN }).isLetIn(request({ cookie: sent })), false);
  });

  it("does not go on answering who tries tokens", () => {
    const access = new Access({ host: "0.0.0.0", port: 8460, token: TOKEN });
    for (let i = 0; i < 20; i++) assert.equal(access.cookieFor(makeToken()), undefined);
    assert.equal(access.cookieFor(TOKEN), undefined);
  });
});
