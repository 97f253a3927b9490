/** Weight of a measurement against the one after it in the straight line: the last twenty or so count. */
const FADING = 0.95;
/** Measurements whose excess over the line is kept. */
const MEMORY = 1024;
/** Share of them that the answer covers: of a full memory all but the two longest. */
const COVERED = 0.998;
/** Deviations beyond the line that are allowed for at least, as long as few excesses are known; RFC 6298 has the same number. */
const DEVIATIONS = 4;
/** From so many measurements on, one that sticks out no longer bends the line. */
const SETTLED = 8;

/**
 * How long work on a number of candidates takes, learned from how long it took.
 *
 * Expected: a straight line, fixed + per candidate, by least squares with fading weights. How much longer it may take: the 99.8 % quantile
 * of what the last measurements took beyond the line, and at least four mean deviations above it, much as TCP sets its timers (RFC 6298, section 2). A quantile
 * of many, because on busy cores most measurements are near the line and few are whole time slices above it.
 */
export class DurationEstimate {
  // Sums over measurements of 1, count, ms, count², count · ms, with fading weights.
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #fixedMs = 0;
  #perCandidateMs = 0;
  #deviationMs = 0;
  #measured = 0;
  /** In the order they came, and by size. */
  readonly #excessesMs = new Float64Array(MEMORY);
  readonly #sortedMs = new Float64Array(MEMORY);

  get known(): boolean {
    return this.#measured > 0;
  }

  forget(): void {
    this.#n = this.#x = this.#y = this.#xx = this.#xy = 0;
    this.#fixedMs = this.#perCandidateMs = this.#deviationMs = 0;
    this.#measured = 0;
  }

  observe(count: number, ms: number): void {
    // What sticks out is remembered as an excess; in the line it would be taken for the rule.
    const taken = this.#measured < SETTLED ? ms : Math.min(ms, this.#mostUsualMs(count));
    if (this.known) {
      const excess = ms - this.expectedMs(count);
      this.#deviationMs += (Math.max(0, excess) - this.#deviationMs) / Math.min(this.#measured, 8);
      this.#remember(excess);
    }
    this.#measured++;
    this.#n = FADING * this.#n + 1;
    this.#x = FADING * this.#x + count;
    this.#y = FADING * this.#y + taken;
    this.#xx = FADING * this.#xx + count * count;
    this.#xy = FADING * this.#xy + count * taken;
    this.#fitLine();
  }

  expectedMs(count: number): number {
    return this.#fixedMs + this.#perCandidateMs * count;
  }

  /** What it hardly ever takes longer than; Infinity when nothing has been measured. */
  atMostMs(count: number): number {
    if (!this.known) return Infinity;
    return this.expectedMs(count) + this.reserveMs;
  }

  /**
   * The largest whole count up to `most` that hardly ever takes longer than `ms`; 0 when there is none.
   * @param mostReserved what is kept back for what takes longer than usual, at most, as a share of `ms`.
   */
  fitting(most: number, ms: number, mostReserved = 1): number {
    const left = ms - Math.min(this.reserveMs, mostReserved * ms);
    if (!this.known || this.expectedMs(1) > left) return 0;
    if (this.#perCandidateMs === 0) return most;
    return Math.min(most, Math.floor((left - this.#fixedMs) / this.#perCandidateMs));
  }

  /** What is allowed for beyond the line, whatever the count. */
  get reserveMs(): number {
    const kept = Math.min(this.#measured - 1, MEMORY);
    const quantileMs = kept < 1 ? 0 : this.#sortedMs[Math.min(kept - 1, Math.floor(COVERED * kept))]!;
    return Math.max(0, DEVIATIONS * this.#deviationMs, quantileMs);
  }

  /** Beyond it a measurement sticks out. A machine that has become slower for good gets there in steps. */
  #mostUsualMs(count: number): number {
    return 1.5 * this.expectedMs(count) + DEVIATIONS * this.#deviationMs;
  }

  /** Neither part of the line may be negative: then the other one explains all of it. */
  #fitLine(): void {
    const spread = this.#n * this.#xx - this.#x * this.#x;
    if (!(spread > 1e-6 * this.#x * this.#x)) {
      // Of one count alone it cannot be said what is fixed: the share that was known before stays, or none is.
      const before = this.expectedMs(this.#x / this.#n);
      this.#perCandidateMs = before > 0 ? (this.#perCandidateMs * this.#y) / this.#n / before : this.#y / this.#x;
      this.#fixedMs = before > 0 ? (this.#fixedMs * this.#y) / this.#n / before : 0;
      return;
    }
    const slope = (this.#n * this.#xy - this.#x * this.#y) / spread;
    const fixed = (this.#y - slope * this.#x) / this.#n;
    if (slope <= 0) {
      this.#fixedMs = this.#y / this.#n;
      this.#perCandidateMs = 0;
    } else if (fixed <= 0) {
      this.#fixedMs = 0;
      this.#perCandidateMs = this.#xy / this.#xx;
    } else {
      this.#fixedMs = fixed;
      this.#perCandidateMs = slope;
    }
  }

  /** Takes the place of the oldest once the memory is full. */
  #remember(excess: number): void {
    const at = (this.#measured - 1) % MEMORY;
    let kept = Math.min(this.#measured - 1, MEMORY);
    const sorted = this.#sortedMs;
    if (kept === MEMORY) {
      const gone = sorted.indexOf(this.#excessesMs[at]!);
      sorted.copyWithin(gone, gone + 1, kept--);
    }
    let place = kept;
    while (place > 0 && sorted[place - 1]! > excess) place--;
    sorted.copyWithin(place + 1, place, kept);
    sorted[place] = excess;
    this.#excessesMs[at] = excess;
  }
}
