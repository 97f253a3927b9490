/** So far back the curve goes, s. */
const SPAN_S = 60;
/** Points are at least this far apart, s. */
const EVERY_S = 0.15;

/** The energies of the last minute, of one goal at a time. */
export class EnergyHistory {
  readonly #points: { readonly atS: number; readonly energy: number }[] = [];
  #goal: string | undefined;

  /** @param nowS steady clock. */
  take(nowS: number, goal: string | undefined, energy: number | undefined): void {
    if (goal !== this.#goal) {
      this.#goal = goal;
      this.#points.length = 0;
    }
    if (energy === undefined || !Number.isFinite(energy)) return;
    const last = this.#points.at(-1);
    if (last !== undefined && nowS - last.atS < EVERY_S) return;
    // A status that repeats the energy of a robot that stands says nothing new; the page draws on.
    this.#points.push({ atS: nowS, energy });
    while (nowS - this.#points[0]!.atS > SPAN_S) this.#points.shift();
  }

  /** Seconds before `nowS` (negative) and energies, the oldest first. */
  points(nowS: number): (readonly [number, number])[] {
    return this.#points.map(({ atS, energy }) => [Math.round((atS - nowS) * 100) / 100, Number(energy.toPrecision(4))] as const);
  }
}
