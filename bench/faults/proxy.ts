import { isStatus, type Seen } from "../ros/seen.js";
import { ScriptProcess } from "../ros/script-process.js";

/** A trajectory on its way to the robot. */
export interface SeenTrajectory extends Seen {
  readonly names: readonly string[];
  /** header.stamp (s), 0 when there is none. */
  readonly stamp_s: number;
  /** The robot's own time when it was seen: the newest stamp of its joint states (s). */
  readonly robot_s: number;
  readonly points: readonly SeenPoint[];
}

export interface SeenPoint {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
  readonly accelerations: readonly number[];
  readonly t: number;
}

/** The robot's joints as the robot said, whatever the controller was told. */
export interface SeenTruth extends Seen {
  /** The robot's own time (s). */
  readonly robot_s: number;
  readonly names: readonly string[];
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
}

/** A mode of the proxy for pictures, joint states or the clock, as fault_proxy.py reads it; "pass" spoils nothing. */
export interface Spoil {
  readonly mode: string;
  readonly [field: string]: unknown;
}

/** How long an answer may take on a busy machine, ms. */
const PATIENCE_MS = 60_000;

/** CLOCK_MONOTONIC, s: the same in every process of the machine. */
export function monotonicS(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

export function isTrajectory(seen: Seen): seen is SeenTrajectory {
  return seen.event === "trajectory";
}

export function isTruth(seen: Seen): seen is SeenTruth {
  return seen.event === "truth";
}

/** fault_proxy.py as a process. What it sees is looked for by its time, since a fault begins at a time. */
export class Proxy extends ScriptProcess {
  static async start(env: NodeJS.ProcessEnv): Promise<Proxy> {
    const proxy = new Proxy(env, { script: "bench/faults/fault_proxy.py", who: "the proxy", patienceMs: PATIENCE_MS });
    await proxy.ready();
    return proxy;
  }

  /** The first thing seen from the time `fromS` on that fits. Rejects, naming `what`, when it does not come. */
  waitFor<S extends Seen>(fits: (seen: Seen) => boolean, what: string, fromS = 0, patienceMs = PATIENCE_MS): Promise<S> {
    return this.first<S>((seen) => seen.t >= fromS && fits(seen), what, { patienceMs });
  }

  /** Whether something that fits is seen from `fromS` on within some seconds. */
  async comes(fits: (seen: Seen) => boolean, fromS: number, withinS: number): Promise<boolean> {
    return this.waitFor(fits, "", fromS, withinS * 1000).then(() => true, (error: unknown) => {
      if (this.gone) throw error;
      return false;
    });
  }

  /** Calls a service. @throws Error when there is none, or it refuses. */
  async call(kind: string, service: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.ask(kind, service, fields);
    if (answer["ok"] !== true) throw new Error(`${service}: ${String(answer["message"])}`);
    return String(answer["message"]);
  }

  protected override lastSaid(seen: readonly Seen[]): string {
    return `the last status: ${seen.findLast(isStatus)?.message ?? "none"}`;
  }
}
