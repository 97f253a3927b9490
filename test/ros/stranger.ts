import { isStatus, type Seen, type SeenStatus as AnyStatus } from "../../bench/ros/seen.js";
import { ScriptProcess } from "../../bench/ros/script-process.js";

export type { Seen } from "../../bench/ros/seen.js";

export interface SeenStatus extends AnyStatus {
  readonly name: string;
}

export interface SeenTrajectory extends Seen {
  readonly names: readonly string[];
  readonly points: readonly { readonly positions: readonly number[]; readonly velocities: readonly number[]; readonly t: number }[];
}

/** How long anything may take on a busy machine, ms. */
const PATIENCE_MS = 40_000;

/** A script of test/ros as a process. What it sees is looked for from a place in `seen` on. */
export class Stranger extends ScriptProcess {
  /** @param script file in test/ros. */
  static async start(env: NodeJS.ProcessEnv, script = "stranger.py"): Promise<Stranger> {
    const stranger = new Stranger(env, { script: `test/ros/${script}`, who: "the stranger", patienceMs: PATIENCE_MS });
    await stranger.ready();
    return stranger;
  }

  /** The first thing seen from `from` on that fits. Rejects, naming `what`, when it does not come. */
  waitFor<S extends Seen>(fits: (seen: Seen) => boolean, what: string, from = 0, patienceMs = PATIENCE_MS): Promise<S> {
    return this.first<S>(fits, what, { from, patienceMs });
  }

  /** The next ~/status that fits. */
  status(fits: (status: SeenStatus) => boolean, what: string, from = 0): Promise<SeenStatus> {
    return this.waitFor<SeenStatus>((seen) => isStatus(seen) && fits(seen as SeenStatus), what, from);
  }

  trajectory(what: string, from = 0, fits: (trajectory: SeenTrajectory) => boolean = () => true): Promise<SeenTrajectory> {
    return this.waitFor<SeenTrajectory>((seen) => seen.event === "trajectory" && fits(seen as SeenTrajectory), what, from);
  }

  /** Calls a service and waits for the answer. */
  call(kind: string, service: string, fields: Readonly<Record<string, unknown>> = {}): Promise<Seen> {
    return this.ask(kind, service, fields);
  }

  protected override lastSaid(seen: readonly Seen[]): string {
    return `last statuses: ${seen.slice(-400).filter(isStatus).slice(-3).map((status) => JSON.stringify(status)).join(" ")}`;
  }
}
