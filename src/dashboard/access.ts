import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";

import type { IncomingMessage } from "node:http";

/** Wrong tokens that are answered within a minute; then nobody gets in until it is over. */
const MOST_FAILURES = 20;
const FAILURES_FORGOTTEN_MS = 60_000;

export interface AccessOptions {
  /** The address that is listened on. */
  readonly host: string;
  readonly port: number;
  /** Undefined: everybody who reaches it is let in; only for loopback addresses. */
  readonly token?: string | undefined;
  /** Other names that the machine has for browsers. */
  readonly allowedHosts?: readonly string[];
}

/** Whether only programs of this machine reach an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/**
 * Who may speak to the server.
 *
 * - The Host header must be a name of this machine: a page of another name that was made to resolve to it (DNS rebinding) is refused.
 * - The Origin header, which browsers send and pages cannot change, must be this server: pages of others cannot command the robot.
 * - With a token, a cookie that only those have who gave it. It is made from a key of this process: nothing of it is kept, and it ends with the process.
 */
export class Access {
  readonly cookieName: string;
  readonly needsToken: boolean;
  readonly #hosts: ReadonlySet<string>;
  readonly #token: string | undefined;
  readonly #cookie: string;
  readonly #key = randomBytes(32);
  #failures = 0;
  #failuresSinceMs = 0;

  /** @throws Error when an address that others reach has no token. */
  constructor({ host, port, token, allowedHosts = [] }: AccessOptions) {
    if (token === undefined && !isLoopback(host)) {
      throw new Error(`host ${JSON.stringify(host)} is reached from other machines: a token is needed`);
    }
    this.needsToken = token !== undefined;
    this.#token = token;
    this.#cookie = createHmac("sha256", this.#key).update("cookie").digest("base64url");
    // Cookies do not tell ports apart; two dashboards on one machine must.
    this.cookieName = `jepa_mpc_dashboard_${port}`;
    const names = ["localhost", "127.0.0.1", "[::1]", ...(isLoopback(host) ? [inUrl(host)] : [inUrl(host), ...ownNames()]), ...allowedHosts];
    this.#hosts = new Set(names.flatMap((name) => port === 80 ? [name.toLowerCase(), `${name.toLowerCase()}:80`] : [`${name.toLowerCase()}:${port}`]));
  }

  /** @returns why a request is refused whoever sends it, or undefined. */
  refusal({ headers }: IncomingMessage): string | undefined {
    const { host, origin } = headers;
    if (host === undefined || !this.#hosts.has(host.toLowerCase())) {
      return `this server is not known as ${JSON.stringify(host ?? "")}; start it with --allowed-host to add a name`;
    }
    // Left out by browsers only where a page cannot have asked, and by programs.
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
      return `pages of ${JSON.stringify(origin)} may not speak to this server`;
    }
    // Says the same for requests that come without an origin.
    const site = headers["sec-fetch-site"];
    return site === "cross-site" && headers["sec-fetch-mode"] !== "navigate" ? "pages of others may not speak to this server" : undefined;
  }

  /** Whether whoever sent the request has given the token, where there is one. */
  isLetIn({ headers }: IncomingMessage): boolean {
    if (this.#token === undefined) return true;
    const value = (headers.cookie ?? "").split(";").map((part) => part.trim()).find((part) => part.startsWith(`${this.cookieName}=`))?.slice(this.cookieName.length + 1);
    return value !== undefined && this.#same(value, this.#cookie);
  }

  /** @returns the Set-Cookie header for the right token; undefined for a wrong one, or after too many of them. */
  cookieFor(token: string): string | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#failuresSinceMs > FAILURES_FORGOTTEN_MS) {
      this.#failures = 0;
      this.#failuresSinceMs = nowMs;
    }
    if (this.#token === undefined || this.#failures >= MOST_FAILURES) return undefined;
    if (!this.#same(token, this.#token)) {
      this.#failures++;
      return undefined;
    }
    return `${this.cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Takes as long whatever is compared: both are hashed with a key that nobody knows. */
  #same(a: string, b: string): boolean {
    const digest = (text: string): Buffer => createHmac("sha256", this.#key).update(text).digest();
    return timingSafeEqual(digest(a), digest(b));
  }
}

/** A token that cannot be guessed, in letters that a URL takes as they are. */
export function makeToken(): string {
  return randomBytes(24).toString("base64url");
}

function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => inUrl(address)));
  return [hostname(), `${hostname()}.local`, ...addresses];
}

function inUrl(host: string): string {
  return isIP(host) === 6 ? `[${host.replace(/%.*$/, "")}]` : host;
}
