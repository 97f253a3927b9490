import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parseAs } from "./goal-file.js";
import { checkGoalName } from "./goal-name.js";
import { codeOf, readable } from "./readable-error.js";
import { MAX_SEQUENCE, SEQUENCE_FILE } from "./sequence-file.js";

import type { LibraryFolder } from "./library-folder.js";
import type { SequenceFile } from "./sequence-file.js";

/** The file that makes an entry of the library a sequence. */
export const SEQUENCE_JSON = "sequence.json";

/** A sub-goal of a sequence. */
export interface SequenceStep {
  /** Name of a goal of the same library. */
  readonly goal: string;
  /** Energy below which it counts as reached; undefined: what is given with the goal, or the controller's own. */
  readonly tolerance?: number;
}

/** Goals in the order in which they are gone for. */
export interface StoredSequence {
  readonly name: string;
  readonly created: Date;
  readonly steps: readonly SequenceStep[];
  readonly folder: string;
}

/** A sequence that could be read, or the one line that says why not. */
export type SequenceEntry = { readonly name: string } & ({ readonly sequence: StoredSequence } | { readonly problem: string });

/** The sequences of a library: entries beside the goals, with names out of the same list. */
export class SequenceStore {
  readonly #folder: LibraryFolder;

  constructor(folder: LibraryFolder) {
    this.#folder = folder;
  }

  /** Whether an entry of the library is a sequence. */
  async has(name: string): Promise<boolean> {
    return this.#folder.has(name, SEQUENCE_JSON);
  }

  /**
   * Keeps a sequence.
   *
   * @param replace whether another sequence of this name makes way; a goal never does.
   * @throws Error with one line: name not allowed, taken, no or too many steps, a goal that is not there or is a sequence itself, a tolerance that is none.
   */
  async add(name: string, steps: readonly SequenceStep[], { replace = false }: { readonly replace?: boolean } = {}): Promise<StoredSequence> {
    checkGoalName(name);
    if (steps.length === 0 || steps.length > MAX_SEQUENCE) {
      throw new Error(`sequence ${name} would have ${steps.length} goals; 1 to ${MAX_SEQUENCE} are taken`);
    }
    for (const { goal, tolerance } of steps) {
      if (!(await this.#folder.has(checkGoalName(goal)))) {
        throw new Error(`sequence ${name}: there is no goal ${goal} in ${this.#folder.dir}; ${await this.#folder.whatThereIs()}`);
      }
      if (await this.has(goal)) {
        throw new Error(`sequence ${name}: ${goal} is a sequence itself; name its goals`);
      }
      if (tolerance !== undefined && !(Number.isFinite(tolerance) && tolerance > 0)) {
        throw new Error(`sequence ${name}: the tolerance of ${goal} is ${tolerance}; an energy above 0 is needed`);
      }
    }
    if (replace && (await this.#folder.has(name)) && !(await this.has(name))) {
      throw new Error(`${name} is a goal in ${this.#folder.dir}; remove it first or choose another name`);
    }
    const file: SequenceFile = {
      schema_version: 1, name, created: new Date().toISOString(),
      goals: steps.map(({ goal, tolerance }) => ({ goal, ...(tolerance === undefined ? {} : { tolerance }) })),
    };
    await this.#folder.put(name, `sequence ${name}`, [[SEQUENCE_JSON, `${JSON.stringify(file, null, 2)}\n`]], replace);
    return this.#sequence(file);
  }

  /** @throws Error with one line: name not allowed, no such sequence, or a damaged file. */
  async get(name: string): Promise<StoredSequence> {
    checkGoalName(name);
    const path = join(this.#folder.dir, name, SEQUENCE_JSON);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") {
        throw readable(error, `cannot read sequence ${name}`);
      }
      const names = (await this.list()).map((entry) => entry.name);
      throw new Error(`there is no sequence ${name} in ${this.#folder.dir}; ${names.length === 0 ? "it holds none" : `there are: ${names.join(", ")}`}`, { cause: error });
    }
    const file = parseAs(SEQUENCE_FILE, text, path);
    if (file.name !== name) {
      throw new Error(`${path} is damaged: field name: it says ${JSON.stringify(file.name)}, the folder ${JSON.stringify(name)}`);
    }
    return this.#sequence(file);
  }

  /** All of them by name; damaged ones with the reason. */
  async list(): Promise<SequenceEntry[]> {
    const entries: SequenceEntry[] = [];
    for (const name of await this.#folder.names()) {
      if (!(await this.has(name))) continue;
      try {
        entries.push({ name, sequence: await this.get(name) });
      } catch (error) {
        if (await this.has(name)) {
          entries.push({ name, problem: error instanceof Error ? error.message : String(error) });
        }
      }
    }
    return entries;
  }

  /** Names of the goals of a sequence that are not in the library (any more), each once. */
  async missing({ steps }: StoredSequence): Promise<string[]> {
    const goals = [...new Set(steps.map(({ goal }) => goal))];
    const there = await Promise.all(goals.map((goal) => this.#folder.has(goal, "goal.json")));
    return goals.filter((_, i) => !there[i]);
  }

  /** Names of the sequences that have a goal. */
  async users(goal: string): Promise<string[]> {
    return (await this.list()).flatMap((entry) => "sequence" in entry && entry.sequence.steps.some((step) => step.goal === goal) ? [entry.name] : []);
  }

  /** Removes a sequence; its goals stay. @throws Error with one line when there is no such sequence. */
  async remove(name: string): Promise<void> {
    // Only for its message: a damaged one can be removed, too.
    if (!(await this.has(checkGoalName(name)))) await this.get(name);
    await this.#folder.take(name, `sequence ${name}`);
  }

  #sequence({ name, created, goals }: SequenceFile): StoredSequence {
    return {
      name, created: new Date(created), folder: join(this.#folder.dir, name),
      steps: goals.map(({ goal, tolerance }) => ({ goal, ...(tolerance === undefined ? {} : { tolerance }) })),
    };
  }
}
