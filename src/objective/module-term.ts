import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { oneLine } from "../text/one-line.js";

import type { ObjectiveTerm, ScoredRollouts, TermContext } from "../planner/index.js";

/** What a user's module exports. */
export interface TermModule {
  /** Called once at configure. */
  createTerm(context: TermContext): Pick<ObjectiveTerm, "initialize" | "score" | "needsStates" | "needsJoints"> | Promise<Pick<ObjectiveTerm, "initialize" | "score" | "needsStates" | "needsJoints">>;
}

/**
 * A term out of a user's ES module, which exports `createTerm(context)`. It runs in the planning worker with all that the process may do: load
 * only what is trusted as the controller is. What goes wrong in it becomes one line with its name.
 *
 * @param name from the parameter; the module's own name does not count. @param path absolute, or relative to the working directory.
 * @throws Error with one line: the term, the module, what is wrong.
 */
export async function loadModuleTerm(name: string, path: string, context: TermContext): Promise<ObjectiveTerm> {
  const file = isAbsolute(path) ? path : resolve(path);
  const refuse = (what: string, cause?: unknown): Error => new Error(`objective term ${name}: module ${file} ${what}`, cause === undefined ? {} : { cause });
  let loaded: Partial<TermModule>;
  try {
    loaded = await import(pathToFileURL(file).href) as Partial<TermModule>;
  } catch (error) {
    throw refuse(`cannot be loaded: ${oneLine(error)}`, error);
  }
  if (typeof loaded.createTerm !== "function") throw refuse("exports no function createTerm");
  let made: unknown;
  try {
    made = await loaded.createTerm(context);
  } catch (error) {
    throw refuse(`failed in createTerm: ${oneLine(error)}`, error);
  }
  if (typeof made !== "object" || made === null) throw refuse(`gave ${made === null ? "null" : typeof made} from createTerm: it must be an object with initialize and score`);
  const term = made as Partial<ObjectiveTerm>;
  for (const verb of ["initialize", "score"] as const) if (typeof term[verb] !== "function") throw refuse(`gave a term without the function ${verb}`);
  for (const flag of ["needsStates", "needsJoints"] as const) {
    if (term[flag] !== undefined && typeof term[flag] !== "boolean") throw refuse(`gave a term whose ${flag} is ${String(term[flag])}: it must be true or false`);
  }
  return new ModuleTerm(name, term as ObjectiveTerm, refuse);
}

/** Guards a term that was written elsewhere. */
class ModuleTerm implements ObjectiveTerm {
  readonly name: string;
  readonly #inner: ObjectiveTerm;
  readonly #refuse: (what: string, cause?: unknown) => Error;
  #actions = new Float32Array(0);
  #states = new Float32Array(0);
  #energies = new Float32Array(0);

  constructor(name: string, inner: ObjectiveTerm, refuse: (what: string, cause?: unknown) => Error) {
    this.name = name;
    this.#inner = inner;
    this.#refuse = refuse;
  }

  get needsStates(): boolean {
    return this.#inner.needsStates === true || this.needsJoints;
  }

  get needsJoints(): boolean {
    return this.#inner.needsJoints === true;
  }

  initialize(context: TermContext): void {
    this.#call("initialize", () => this.#inner.initialize(context));
  }

  /** Hands over copies: what the search goes on with cannot be written to. */
  score(rollouts: ScoredRollouts, costs: Float64Array): void {
    const { count, horizon, actionDim, stateDim } = rollouts;
    this.#actions = copied(this.#actions, rollouts.actions, count * horizon * actionDim);
    this.#energies = copied(this.#energies, rollouts.stepEnergies, count * horizon);
    if (rollouts.states !== undefined) this.#states = copied(this.#states, rollouts.states, count * horizon * stateDim);
    const own = {
      ...rollouts,
      actions: this.#actions.subarray(0, count * horizon * actionDim),
      stepEnergies: this.#energies.subarray(0, count * horizon),
      ...(rollouts.states === undefined ? {} : { states: this.#states.subarray(0, count * horizon * stateDim) }),
    };
    this.#call("score", () => this.#inner.score(own, costs));
  }

  #call(verb: string, work: () => unknown): void {
    let result: unknown;
    try {
      result = work();
    } catch (error) {
      throw this.#refuse(`failed in ${verb}: ${oneLine(error)}`, error);
    }
    // Costs that come later would be those of another population.
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw this.#refuse(`has a ${verb} that is asynchronous: it must be done when it returns`);
    }
  }
}

function copied(into: Float32Array<ArrayBuffer>, from: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const target = into.length < length ? new Float32Array(length) : into;
  target.set(from.subarray(0, length));
  return target;
}
