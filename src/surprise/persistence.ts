/** Counts how many pictures in a row were above a limit. */
export class Persistence {
  readonly #frames: number;
  #run = 0;

  constructor(frames: number) {
    this.#frames = frames;
  }

  /** Whether so many in a row are above now. */
  above(is: boolean): boolean {
    this.#run = is ? this.#run + 1 : 0;
    return this.#run >= this.#frames;
  }

  reset(): void {
    this.#run = 0;
  }
}

/**
 * The greatest level that is kept up for `frames` pictures in a row: a threshold above it gives no alarm in this run.
 * @param scores one for each picture; undefined breaks a row. @returns 0 when no row is so long.
 */
export function persistentMaximum(scores: readonly (number | undefined)[], frames: number): number {
  let greatest = 0;
  for (let end = frames; end <= scores.length; end++) {
    const row = scores.slice(end - frames, end);
    if (row.every((score) => score !== undefined)) greatest = Math.max(greatest, Math.min(...row));
  }
  return greatest;
}
