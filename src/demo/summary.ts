/** The demo's result, as its last line of output. */
export interface DemoSummary {
  readonly success: boolean;
  readonly task: string;
  readonly seed: number;
  readonly ended: "reached" | "gave_up" | "timeout";
  readonly start_distance_m: number | null;
  readonly final_distance_m: number | null;
  readonly tolerance_m: number | null;
  readonly steps: number;
  readonly plan_ms_median: number | null;
  readonly plan_ms_p99: number | null;
  readonly control_hz: number | null;
  readonly bundle: string;
  readonly run: string;
}

/** The value below which a share of the values lies (nearest rank), or null without values. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  return value ?? null;
}

/** Rate of events at increasing times (s), or null when there are too few. */
export function rateHz(timesS: readonly number[]): number | null {
  const first = timesS[0];
  const last = timesS.at(-1);
  return first === undefined || last === undefined || last <= first ? null : (timesS.length - 1) / (last - first);
}

/** Fewer digits for people and for JSON. */
export function rounded(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : Number(value.toFixed(digits));
}
