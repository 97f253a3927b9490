import type { GoalLibrary } from "../goals/goal-library.js";
import { packJpeg } from "./picture-feed.js";

import type { RgbImage } from "../camera/types.js";
import type { StoredSequence } from "../goals/sequence-store.js";
import type { GoalStep, GoalSummary } from "./messages.js";
import type { Done } from "./robot-port.js";

/** Longest side of a goal's picture on the page, pixels. */
const THUMBNAIL_SIDE = 256;
/** Pictures that are kept packed. */
const KEPT = 64;

/** The goal library as the page shows it. */
export class GoalShelf {
  readonly #library: GoalLibrary;
  readonly #thumbnails = new Map<string, Promise<Buffer>>();

  constructor(library: GoalLibrary) {
    this.#library = library;
  }

  get dir(): string {
    return this.#library.dir;
  }

  /** The goals by name, then the sequences by name. Rejects when the folder cannot be read. */
  async list(): Promise<GoalSummary[]> {
    const goals = (await this.#library.list()).map((entry): GoalSummary => {
      if (!("goal" in entry)) return { name: entry.name, problem: entry.problem, note: "" };
      const { name, width, height, created, sha256 } = entry.goal;
      // The hash makes it another address when the picture is replaced, so that browsers may keep it.
      return { name, url: `/goals/${encodeURIComponent(name)}/${sha256.slice(0, 16)}.jpg`, note: `${width}x${height}, ${minute(created)}` };
    });
    const byName = new Map(goals.map((goal) => [goal.name, goal]));
    const sequences = await Promise.all((await this.#library.sequences.list()).map(async (entry): Promise<GoalSummary> =>
      "sequence" in entry ? await this.#summaryOf(entry.sequence, byName) : { name: entry.name, problem: entry.problem, note: "" }));
    return [...goals, ...sequences];
  }

  /** The picture of a goal, small, JPEG. Rejects when there is no such goal, or its picture is another than `hash` says. */
  async thumbnail(name: string, hash: string): Promise<Buffer> {
    const { sha256 } = await this.#library.get(name);
    if (!sha256.startsWith(hash)) throw new Error(`goal ${name} has another picture now`);
    const kept = this.#thumbnails.get(sha256);
    if (kept !== undefined) return kept;
    const packing = this.#library.image(name).then((image) => packJpeg(image, { quality: 85, longestSide: THUMBNAIL_SIDE }));
    this.#thumbnails.set(sha256, packing);
    packing.catch(() => { this.#thumbnails.delete(sha256); });
    if (this.#thumbnails.size > KEPT) this.#thumbnails.delete(this.#thumbnails.keys().next().value!);
    return packing;
  }

  async #summaryOf({ name, created, steps }: StoredSequence, goals: ReadonlyMap<string, GoalSummary>): Promise<GoalSummary> {
    const url = goals.get(steps.at(-1)!.goal)?.url;
    // The library's own words for a goal that is not there any more; a damaged one it would only find on the way.
    const problem = await this.#library.steps(name).then(() => steps.map(({ goal }) => goals.get(goal)?.problem).find((of) => of !== undefined), readable);
    return {
      name, note: `sequence of ${steps.length}, ${minute(created)}`, ...(url === undefined ? {} : { url }), ...(problem === undefined ? {} : { problem }),
      steps: steps.map(({ goal, tolerance }): GoalStep => {
        const picture = goals.get(goal)?.url;
        return { name: goal, ...(picture === undefined ? {} : { url: picture }), ...(tolerance === undefined ? {} : { reachedBelow: tolerance }) };
      }),
    };
  }

  /** Keeps a picture as a goal. */
  async capture(name: string, image: RgbImage | undefined, replace: boolean): Promise<Done> {
    if (image === undefined) return { ok: false, message: "There is no picture of the last two seconds: is the camera running?" };
    try {
      const goal = await this.#library.add(name, image, "dashboard", { replace });
      return { ok: true, message: `Goal ${goal.name} is kept: ${goal.width}x${goal.height}.` };
    } catch (error) {
      return { ok: false, message: readable(error) };
    }
  }
}

/** "2026-11-22 07:22 UTC" */
function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function readable(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
