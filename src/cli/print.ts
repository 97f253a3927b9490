/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * Rows as aligned columns, two spaces apart, without trailing space.
 *
 * @param align per column; "left" when left out.
 */
export function table(rows: readonly (readonly string[])[], align: readonly ("left" | "right")[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, cell.length); });
  }
  return rows.map((row) =>
    row.map((cell, i) => (align[i] === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ").trimEnd());
}

/** Four significant digits without an exponent for everyday sizes: 0.1234, 12.34, 1.2e-7. */
export function shortNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

/** Any error's text on one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? (error.message === "" ? error.name : error.message) : String(error);
  return text.trim().replace(/\s*[\r\n]+\s*/g, "; ");
}

/** "now" in the words of a list: 2026-11-22 06:43. */
export function minute(date: Date): string {
  return date.toISOString().slice(0, 16).replace("T", " ");
}
