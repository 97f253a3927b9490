import type { WebSocket } from "ws";

import { oneLine } from "../text/one-line.js";
import { EnergyHistory } from "./energy-history.js";
import { LiveState } from "./live-state.js";
import { PageClient } from "./page-client.js";
import { PictureFeed } from "./picture-feed.js";

import type { GoalShelf } from "./goal-shelf.js";
import type { Command, FactsMessage, HealthMessage, LogMessage, PredictedMessage } from "./messages.js";
import type { Counts, Done, RobotEvents, RobotFacts, RobotPort } from "./robot-port.js";

/** Pages are sent what is new at most so often, ms; it is the rate of pictures, too. */
export const TICK_MS = 100;
const HEALTH_EVERY_MS = 500;
/** The controller says something at least once a second. */
const GONE_MS = 2200;
/** What lies on disk is looked at so often while somebody looks, ms. */
const LOOK_EVERY_MS = 3000;
const FACTS_RETRY_MS = 2000;
/** What `~/status` says before the lifecycle is at active. */
const INACTIVE = "inactive";
/** So long after the last page has gone the robot's side goes on watching: pages are loaded anew, ms. */
const LINGER_MS = 5000;
export const MOST_CLIENTS = 12;
const LOG_LINES = 30;
/** The nearest remembered frames are looked for at most so often, ms. */
const RECALL_EVERY_MS = 500;

/** Finds remembered frames near a latent. */
export interface Recall {
  /** @param controllersDir folder of the memory as the controller's parameter has it, "" for none. */
  follow(controllersDir: string): void;
  nearest(latent: Float32Array, encoderSha256: string): Promise<Omit<PredictedMessage, "type">>;
  /** A remembered frame as JPEG; rejects when it is not there. */
  frame(episode: string, step: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface DashboardOptions {
  /** Told what to call back; made once. */
  readonly connect: (events: RobotEvents) => RobotPort;
  readonly shelf: GoalShelf;
  readonly recall: Recall;
  readonly version: string;
}

/** Everything but HTTP: the newest of what the robot says, the pages that are shown it, and what they ask for. */
export class Dashboard {
  readonly robot: RobotPort;
  readonly #options: DashboardOptions;
  readonly #state = new LiveState();
  readonly #pictures = new PictureFeed();
  readonly #energies = new EnergyHistory();
  readonly #clients = new Set<PageClient>();
  readonly #log: LogMessage["lines"][number][] = [];
  #facts: RobotFacts | undefined;
  #factsDueMs = 0;
  #asking = false;
  #parametersStale = true;
  #counts: Counts = {};
  #controllerState = "";
  #statusMs = Number.NEGATIVE_INFINITY;
  #pictureMs = Number.NEGATIVE_INFINITY;
  #healthMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #recalledMs = Number.NEGATIVE_INFINITY;
  #recalling = false;
  #ticks: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #closed = false;
  /** A stop that is on its way is everybody's. */
  #stopping: Promise<Done> | undefined;

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.robot = options.connect(this.#events());
    this.#setFacts();
    this.#state.set({ type: "status", state: "", sentence: `Waiting for the controller ${this.robot.node}.`, final: false, surprise: {} });
    this.#state.set({ type: "predicted", sentence: "No plan was made since this page was opened.", frames: [] });
  }

  /** The robot's URDF, where it is known. */
  get urdf(): string | undefined {
    return this.#facts?.urdf;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Takes a page that was let in. */
  add(socket: WebSocket): void {
    const client = new PageClient({ socket, state: this.#state, pictures: this.#pictures, execute: (command) => this.execute(command) });
    this.#clients.add(client);
    socket.on("error", () => { socket.terminate(); });
    socket.on("close", () => { this.#remove(client); });
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#ticks === undefined) {
      this.#lookedMs = Number.NEGATIVE_INFINITY;
      this.robot.watch(true);
      this.#ticks = setInterval(() => { this.#tick(); }, TICK_MS);
    }
  }

  /** Never rejects. */
  async execute(command: Command): Promise<Done> {
    try {
      return await this.#execute(command);
    } catch (error) {
      return { ok: false, message: oneLine(error) };
    }
  }

  stop(): Promise<Done> {
    this.#stopping ??= this.robot.stop().finally(() => { this.#stopping = undefined; });
    return this.#stopping;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#ticks);
    clearTimeout(this.#linger);
    this.robot.close();
  }

  async #execute(command: Command): Promise<Done> {
    switch (command.do) {
      case "stop":
        return this.stop();
      case "reset":
        return this.robot.reset();
      case "pause":
        return this.robot.pause(command.on);
      case "goal":
        return this.#controllerState === "stopped" ? { ok: false, message: "The controller is stopped. Reset it, then choose a goal." } : this.robot.sendGoal(command.name);
      case "capture": {
        const done = await this.#options.shelf.capture(command.name, this.#pictures.fresh, command.replace);
        await this.#lookAtGoals();
        return done;
      }
      case "parameter": {
        const done = await this.robot.setParameter(command.name, command.value);
        this.#parametersStale = true;
        return done;
      }
    }
  }

  #remove(client: PageClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0 || this.#closed) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      clearInterval(this.#ticks);
      this.#ticks = undefined;
      this.robot.watch(false);
    }, LINGER_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    if (this.#statusMs > Number.NEGATIVE_INFINITY && nowMs - this.#statusMs < GONE_MS) this.#askWhatIsMissing(nowMs);
    if (nowMs - this.#lookedMs > LOOK_EVERY_MS) {
      this.#lookedMs = nowMs;
      void this.#lookAtGoals();
    }
    let health: HealthMessage | undefined;
    if (nowMs - this.#healthMs >= HEALTH_EVERY_MS) {
      this.#healthMs = nowMs;
      this.#state.set({ type: "energy", points: this.#energies.points(nowMs / 1000) });
      health = { type: "health", controller: nowMs - this.#statusMs < GONE_MS, camera: nowMs - this.#pictureMs < GONE_MS, ...this.#counts };
    }
    for (const client of this.#clients) client.tick(health);
  }

  /** One question at a time; the controller answers between two of its own things. */
  #askWhatIsMissing(nowMs: number): void {
    if (this.#asking || nowMs < this.#factsDueMs || (this.#facts !== undefined && !this.#parametersStale)) return;
    this.#asking = true;
    void (async () => {
      try {
        if (this.#facts === undefined) {
          this.#facts = await this.robot.facts();
          this.#options.recall.follow(this.#facts.memoryDir ?? "");
          this.#setFacts();
        }
        this.#parametersStale = false;
        this.#state.set({ type: "parameters", parameters: await this.robot.parameters() });
      } catch {
        // The controller may be starting or gone; asked again.
        this.#parametersStale = true;
        this.#factsDueMs = performance.now() + FACTS_RETRY_MS;
      } finally {
        this.#asking = false;
      }
    })();
  }

  #setFacts(): void {
    const facts = this.#facts;
    const message: FactsMessage = {
      type: "facts", node: this.robot.node, version: this.#options.version, goalsDir: this.#options.shelf.dir,
      urdf: facts?.urdf !== undefined, joints: facts?.joints ?? [],
      ...(facts?.bundle === undefined ? {} : { bundle: facts.bundle.name, reachedBelow: facts.bundle.reachedBelow }),
    };
    this.#state.set(message);
  }

  async #lookAtGoals(): Promise<void> {
    try {
      this.#state.set({ type: "goals", goals: await this.#options.shelf.list() });
    } catch (error) {
      this.#note("warning", oneLine(error));
    }
  }

  #note(level: "warning" | "error", text: string): void {
    if (this.#log.at(-1)?.text === text) return;
    this.#log.push({ level, time: new Date().toISOString().slice(11, 19), text: text.slice(0, 500) });
    if (this.#log.length > LOG_LINES) this.#log.shift();
    this.#state.set({ type: "log", lines: [...this.#log] });
  }

  async #recall(latent: Float32Array): Promise<void> {
    const nowMs = performance.now();
    const bundle = this.#facts?.bundle;
    if (this.#recalling || bundle === undefined || nowMs - this.#recalledMs < RECALL_EVERY_MS) return;
    this.#recalling = true;
    this.#recalledMs = nowMs;
    try {
      const { sentence, frames } = await this.#options.recall.nearest(latent, bundle.encoderSha256);
      const off = frames.length === 0 && this.#facts?.recording === false ? " The controller records none: memory.enabled is false." : "";
      this.#state.set({ type: "predicted", sentence: `${sentence}${off}`, frames });
    } catch (error) {
      this.#state.set({ type: "predicted", sentence: oneLine(error), frames: [] });
    } finally {
      this.#recalling = false;
    }
  }

  #events(): RobotEvents {
    return {
      status: (status) => {
        const nowMs = performance.now();
        // A controller that was away may be another one now, and one that was inactive may have read its static parameters anew.
        const activated = this.#controllerState === INACTIVE && status.state !== INACTIVE;
        if (activated || nowMs - this.#statusMs > GONE_MS) {
          this.#facts = undefined;
          this.#parametersStale = true;
        }
        this.#statusMs = nowMs;
        this.#controllerState = status.state;
        // Each sub-goal has energies of its own.
        this.#energies.take(nowMs / 1000, status.goal === undefined ? undefined : `${status.goal} ${status.subGoal?.number ?? ""}`, status.energy);
        this.#state.set({ type: "status", ...status });
      },
      counts: (counts) => { this.#counts = counts; },
      picture: (image) => {
        this.#pictureMs = performance.now();
        this.#pictures.take(image);
      },
      joints: (joints) => {
        const known = this.#facts?.joints ?? [];
        const own = new Set(known.map(({ name }) => name));
        this.#state.set({
          type: "joints",
          positions: known.map(({ name }) => rounded(joints.get(name)?.position)),
          velocities: known.map(({ name }) => rounded(joints.get(name)?.velocity)),
          others: Object.fromEntries([...joints].filter(([name]) => !own.has(name)).map(([name, { position }]) => [name, rounded(position) ?? 0])),
        });
      },
      plan: (plan) => { this.#state.set({ type: "plan", ...plan }); },
      candidates: (candidates) => { this.#state.set({ type: "candidates", ...candidates }); },
      predicted: (latent) => { void this.#recall(latent); },
      parametersChanged: () => { this.#parametersStale = true; },
      log: (level, text) => { this.#note(level, text); },
    };
  }
}

/** Numbers that are not finite are not known: JSON has none. */
function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1e4) / 1e4;
}
