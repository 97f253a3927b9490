import { IndexDatabase, type Database } from "./index-database.js";
import { episodePath, listEpisodeFiles, type EpisodeFile } from "./episode-files.js";
import { nearest } from "./nearest.js";
import { readEncodedEpisode, type EncodedEpisode } from "./read-encoded-episode.js";
import { oneLine } from "../text/one-line.js";

import type { EpisodeOutcome } from "./episode.js";

/** What the index knows of an episode. */
export interface IndexedEpisode {
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  readonly pinned: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly source: "robot" | "simulation";
  readonly bundle: string;
  readonly encoderSha256: string;
  readonly rolloutSha256: string;
  readonly goal: string;
  readonly subGoals: number;
  readonly reachedBelow: number;
  readonly periodS: number;
  readonly outcome: EpisodeOutcome["kind"];
  readonly sentence: string;
  readonly holdReason?: string;
  /** Recorded. */
  readonly steps: number;
  readonly droppedSteps: number;
  /** Of the first and last picture. */
  readonly startEnergy?: number;
  readonly endEnergy?: number;
  /** The simulator's truth, where there is one. */
  readonly success?: boolean;
  readonly finalDistanceM?: number;
}

/** Which episodes are wanted; what is left out does not matter. */
export interface EpisodeFilter {
  readonly goal?: string;
  readonly bundle?: string;
  readonly encoderSha256?: string;
  readonly rolloutSha256?: string;
  readonly source?: "robot" | "simulation";
  readonly outcome?: EpisodeOutcome["kind"];
  /** The newest so many. */
  readonly newest?: number;
}

/** A remembered picture. */
export interface NearFrame {
  readonly episode: string;
  readonly step: number;
  /** Euclidean, of the latents. */
  readonly distance: number;
}

/** What was done in a like place on the way to a like goal. */
export interface NearPlan {
  readonly episode: string;
  readonly step: number;
  /** Euclidean, of latent and goal latent together. */
  readonly distance: number;
  readonly latentDistance: number;
  readonly goalDistance: number;
  /** The plan of that step, row-major [horizon, actionDim]. */
  readonly actions: Float32Array;
  /** What was executed from that step on for the same sub-goal: the first rows of the plans, row-major [up to horizon, actionDim]. */
  readonly executed: Float32Array;
  /** Of the picture. */
  readonly startEnergy: number;
  /** What the planner believed: its objective. */
  readonly energy: number;
  /** The least energy of a picture within the horizon after it, for the same sub-goal: what came of it. Infinity where no step followed. */
  readonly energyReached: number;
  readonly outcome: EpisodeOutcome["kind"];
}

/** What bringing the index up to date did. */
export interface IndexUpdate {
  readonly added: number;
  readonly removed: number;
  /** One line for each file that could not be read now or before. */
  readonly problems: readonly string[];
}

/** Pictures of one encoder, in memory. */
interface FrameTable {
  readonly dim: number;
  readonly latents: Float32Array;
  readonly rows: readonly { readonly episode: string; readonly step: number }[];
}

interface PlanRow {
  readonly episode: string;
  readonly step: number;
  readonly goalKey: string;
  readonly goal: Float32Array;
  readonly actions: Float32Array;
  readonly actionDim: number;
  readonly startEnergy: number;
  readonly energy: number;
  readonly outcome: EpisodeOutcome["kind"];
}

interface PlanTable {
  readonly dim: number;
  readonly latents: Float32Array;
  readonly rows: readonly PlanRow[];
}

/**
 * What is in a memory, found fast. It follows from the episodes' files alone: open() and update() add those that are new and forget those
 * that are gone, whoever wrote or deleted them. Any number of processes may use it at once.
 *
 * Calls that touch the disk do so in the calling thread; a thread that must not wait asks from a worker.
 */
export class MemoryIndex {
  readonly dir: string;
  readonly #database: IndexDatabase;
  /** By the SHA-256 of encoder and roll-out. */
  readonly #frames = new Map<string, FrameTable>();
  readonly #plans = new Map<string, PlanTable>();

  /** @param dir the memory's folder; made when it is not there. @throws Error with one line when it cannot be read or written. */
  static async open(dir: string): Promise<MemoryIndex> {
    const index = new MemoryIndex(dir, new IndexDatabase(dir));
    await index.update();
    return index;
  }

  private constructor(dir: string, database: IndexDatabase) {
    this.dir = dir;
    this.#database = database;
  }

  /** Brings the index up to date with the files. */
  async update(): Promise<IndexUpdate> {
    const files = listEpisodeFiles(this.dir).filter(({ part }) => !part);
    const known = await this.#database.use((database) => ({
      bytes: new Map(database.all("SELECT id, bytes FROM episodes UNION ALL SELECT id, bytes FROM damaged").map((row) => [String(row["id"]), Number(row["bytes"])])),
      damaged: new Map(database.all("SELECT id, problem FROM damaged").map((row) => [String(row["id"]), String(row["problem"])])),
    }));
    const there = new Set(files.map(({ id }) => id));
    const gone = [...known.bytes.keys()].filter((id) => !there.has(id));
    if (gone.length > 0) await this.#database.use((database) => { for (const id of gone) forget(database, id); });
    const problems = new Map([...known.damaged].filter(([id]) => there.has(id)));
    let added = 0;
    for (const file of files) {
      if (known.bytes.get(file.id) === file.bytes) continue;
      problems.delete(file.id);
      const problem = await this.#add(file);
      if (problem === undefined) added++;
      else problems.set(file.id, problem);
    }
    if (gone.length > 0 || added > 0) this.refresh();
    return { added, removed: gone.length, problems: [...problems.values()] };
  }

  /** Forgets all and reads every file again. */
  async rebuild(): Promise<IndexUpdate> {
    await this.#database.clear();
    this.refresh();
    return this.update();
  }

  /** What nearestFrames() and nearestPlans() have in memory is read again when it is next needed. */
  refresh(): void {
    this.#frames.clear();
    this.#plans.clear();
  }

  /** The episodes that fit, the oldest first. */
  async episodes(filter: EpisodeFilter = {}): Promise<IndexedEpisode[]> {
    const wanted = ([
      ["goal", filter.goal], ["bundle", filter.bundle], ["encoder_sha256", filter.encoderSha256], ["rollout_sha256", filter.rolloutSha256],
      ["source", filter.source], ["outcome", filter.outcome],
    ] as const).flatMap(([column, value]) => value === undefined ? [] : [{ column, value }]);
    const where = wanted.length === 0 ? "" : `WHERE ${wanted.map(({ column }) => `${column} = ?`).join(" AND ")}`;
    const rows = await this.#database.use((database) => database.all(
      `SELECT *, (SELECT count(*) FROM goals WHERE episode = id) AS sub_goals FROM episodes ${where} ORDER BY id DESC LIMIT ?`,
      [...wanted.map(({ value }) => value), filter.newest ?? -1],
    ));
    const pinned = new Set(listEpisodeFiles(this.dir).flatMap((file) => file.pinned ? [file.id] : []));
    return rows.reverse().map((row) => {
      const id = String(row["id"]);
      return {
        id, path: episodePath(this.dir, id), bytes: Number(row["bytes"]), pinned: pinned.has(id), startedAt: String(row["started_at"]), endedAt: String(row["ended_at"]),
        source: row["source"] as IndexedEpisode["source"], bundle: String(row["bundle"]), encoderSha256: String(row["encoder_sha256"]),
        rolloutSha256: String(row["rollout_sha256"]), goal: String(row["goal"]), subGoals: Number(row["sub_goals"]), reachedBelow: Number(row["reached_below"]),
        periodS: Number(row["period_s"]), outcome: row["outcome"] as IndexedEpisode["outcome"], sentence: String(row["sentence"]),
        ...(row["hold_reason"] === null ? {} : { holdReason: String(row["hold_reason"]) }), steps: Number(row["steps"]), droppedSteps: Number(row["dropped_steps"]),
        ...(row["start_energy"] === null ? {} : { startEnergy: Number(row["start_energy"]) }), ...(row["end_energy"] === null ? {} : { endEnergy: Number(row["end_energy"]) }),
        ...(row["success"] === null ? {} : { success: row["success"] === 1 }),
        ...(row["final_distance_m"] === null ? {} : { finalDistanceM: Number(row["final_distance_m"]) }),
      };
    });
  }

  /**
   * The remembered pictures whose latents are nearest, the nearest first. All are looked at; they are read into memory at the first call.
   *
   * @param latent [latentDim] of the encoder with this SHA-256; others' latents are another language.
   */
  async nearestFrames(latent: Float32Array, encoderSha256: string, count: number): Promise<NearFrame[]> {
    let table = this.#frames.get(encoderSha256);
    if (table === undefined) this.#frames.set(encoderSha256, table = await this.#loadFrames(encoderSha256, latent.length));
    return table.dim !== latent.length ? [] : nearest(table.latents, latent, count).map(({ row, squared }) => ({ ...table.rows[row]!, distance: Math.sqrt(squared) }));
  }

  /**
   * The remembered plans that were made in the nearest places for the nearest goals, the nearest first; as nearestFrames().
   *
   * @param latent and @param goalLatent [latentDim]. @param rolloutSha256 of the roll-out that planned: its actions are in its units.
   */
  async nearestPlans(latent: Float32Array, goalLatent: Float32Array, rolloutSha256: string, count: number): Promise<NearPlan[]> {
    let table = this.#plans.get(rolloutSha256);
    if (table === undefined) this.#plans.set(rolloutSha256, table = await this.#loadPlans(rolloutSha256, latent.length));
    if (table.dim !== latent.length) return [];
    const { rows } = table;
    // Many steps have the same goal.
    const goals = new Map<string, number>();
    const goalSquared = (row: number): number => {
      const { goalKey, goal } = rows[row]!;
      let squared = goals.get(goalKey);
      if (squared === undefined) {
        squared = goal.reduce((sum, value, i) => sum + (value - goalLatent[i]!) ** 2, 0);
        goals.set(goalKey, squared);
      }
      return squared;
    };
    return nearest(table.latents, latent, count, goalSquared).map(({ row, squared }) => {
      const { episode, step, actions, startEnergy, energy, outcome } = rows[row]!;
      const goal = goalSquared(row);
      return {
        episode, step, distance: Math.sqrt(squared), latentDistance: Math.sqrt(Math.max(0, squared - goal)), goalDistance: Math.sqrt(goal),
        actions: actions.slice(), startEnergy, energy, outcome, ...whatFollowed(rows, row),
      };
    });
  }

  async #loadFrames(encoderSha256: string, dim: number): Promise<FrameTable> {
    return this.#database.use((database) => {
      const rows = database.all(
        "SELECT episode, step, latent FROM steps JOIN episodes ON episodes.id = episode WHERE encoder_sha256 = ? AND latent_dim = ? ORDER BY episode, step", [encoderSha256, dim]);
      const latents = new Float32Array(rows.length * dim);
      rows.forEach((row, i) => { latents.set(floats(row["latent"]), i * dim); });
      return { dim, latents, rows: rows.map((row) => ({ episode: String(row["episode"]), step: Number(row["step"]) })) };
    });
  }

  async #loadPlans(rolloutSha256: string, dim: number): Promise<PlanTable> {
    return this.#database.use((database) => {
      const goals = new Map<string, Float32Array>();
      for (const row of database.all("SELECT episode, sub_goal, latent FROM goals JOIN episodes ON episodes.id = episode WHERE rollout_sha256 = ? AND latent_dim = ?", [rolloutSha256, dim])) {
        goals.set(`${String(row["episode"])} ${Number(row["sub_goal"])}`, floats(row["latent"]));
      }
      const rows = database.all(
        `SELECT episode, step, sub_goal, latent, actions, steps.start_energy AS start_energy, energy, outcome, action_dim FROM steps JOIN episodes ON episodes.id = episode
         WHERE rollout_sha256 = ? AND latent_dim = ? ORDER BY episode, step`, [rolloutSha256, dim]);
      const latents = new Float32Array(rows.length * dim);
      rows.forEach((row, i) => { latents.set(floats(row["latent"]), i * dim); });
      return {
        dim, latents,
        rows: rows.map((row) => {
          const goalKey = `${String(row["episode"])} ${Number(row["sub_goal"])}`;
          return {
            episode: String(row["episode"]), step: Number(row["step"]), goalKey, goal: goals.get(goalKey)!, actions: floats(row["actions"]), actionDim: Number(row["action_dim"]),
            startEnergy: number(row["start_energy"]), energy: number(row["energy"]), outcome: row["outcome"] as EpisodeOutcome["kind"],
          };
        }),
      };
    });
  }

  /** @returns why the file could not be read, if it could not. */
  async #add(file: EpisodeFile): Promise<string | undefined> {
    let episode: EncodedEpisode | undefined;
    let problem: string | undefined;
    try {
      episode = await readEncodedEpisode(file.path);
      if (episode.header.id !== file.id) throw new Error(`${file.path} is not the episode that its name says, but ${episode.header.id}`);
    } catch (error) {
      problem = oneLine(error);
    }
    await this.#database.use((database) => {
      forget(database, file.id);
      if (problem !== undefined) database.run("INSERT INTO damaged VALUES (?, ?, ?)", [file.id, file.bytes, problem]);
      else insert(database, file, episode!);
    });
    return problem;
  }
}

/** What was executed after a plan, and the least energy that came of it. */
function whatFollowed(rows: readonly PlanRow[], first: number): { executed: Float32Array; energyReached: number } {
  const { episode, goalKey, step, actions, actionDim } = rows[first]!;
  const horizon = actions.length / actionDim;
  const executed: number[] = [];
  let energyReached = Infinity;
  for (let i = 0; i <= horizon; i++) {
    const row = rows[first + i];
    // A dropped step is a hole, behind which nothing is known.
    if (row === undefined || row.episode !== episode || row.goalKey !== goalKey || row.step !== step + i) break;
    if (i > 0 && row.startEnergy < energyReached) energyReached = row.startEnergy;
    if (i < horizon) executed.push(...row.actions.subarray(0, actionDim));
  }
  return { executed: Float32Array.from(executed), energyReached };
}

function insert(database: Database, file: EpisodeFile, { header, steps, outcome }: EncodedEpisode): void {
  const { bundle, subGoals } = header;
  database.run(`INSERT INTO episodes VALUES (${Array(22).fill("?").join(", ")})`, [
    file.id, file.bytes, header.startedAt, outcome.endedAt, header.source, bundle.name, bundle.encoderSha256, bundle.rolloutSha256, header.goal, header.reachedBelow, header.periodS,
    subGoals[0]!.latent.length, header.actionNames.length, outcome.kind, outcome.sentence, outcome.holdReason ?? null, steps.length,
    outcome.droppedSteps ?? 0, finite(steps[0]?.startEnergy), finite(steps.at(-1)?.startEnergy),
    outcome.truth === undefined ? null : Number(outcome.truth.success), outcome.truth?.finalDistanceM ?? null,
  ]);
  subGoals.forEach(({ name, latent }, i) => { database.run("INSERT INTO goals VALUES (?, ?, ?, ?)", [file.id, i, name, bytes(latent)]); });
  const statement = database.prepare(`INSERT INTO steps VALUES (${Array(10).fill("?").join(", ")})`);
  try {
    for (const { index, subGoal, timeS, latent, state, actions, stepEnergies, startEnergy, energy } of steps) {
      statement.run([
        file.id, index, subGoal, timeS, bytes(latent), bytes(state), bytes(actions), bytes(stepEnergies), finite(startEnergy), finite(energy),
      ]);
    }
  } finally {
    statement.finalize();
  }
}

function forget(database: Database, id: string): void {
  for (const table of ["episodes", "damaged"]) database.run(`DELETE FROM ${table} WHERE id = ?`, [id]);
}

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function floats(blob: unknown): Float32Array {
  // Copied, because a view of a database's memory need not be aligned.
  return new Float32Array(Uint8Array.from(blob as Uint8Array).buffer);
}

/** SQLite knows no NaN and no plan without candidates has an energy. */
function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

function number(value: unknown): number {
  return value === null ? NaN : Number(value);
}
