import { createHash } from "node:crypto";

/** Text made safe between tags and in quoted attributes; control characters become spaces. */
export function escapeHtml(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly numeric?: boolean;
}

/** A table of text cells, with a caption for those who do not see what is round it. */
export function htmlTable<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cell = (tag: string, { numeric }: Column<Row>, text: string): string => `<${tag}${tag === "th" ? " scope=\"col\"" : ""}${numeric === true ? " class=\"n\"" : ""}>${escapeHtml(text)}</${tag}>`;
  return `<div class="wide" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption>`
    + `<thead><tr>${columns.map((column) => cell("th", column, column.title)).join("")}</tr></thead>`
    + `<tbody>${rows.map((row) => `<tr>${columns.map((column) => cell("td", column, column.of(row))).join("")}</tr>`).join("")}</tbody></table></div>`;
}

/**
 * A chart with what it says in a sentence, for those who do not see it.
 * @param svg of src/plots. Its ids are made its own: several stand in one page.
 */
export function svgFigure(svg: string, sentence: string): string {
  const prefix = `f${createHash("sha256").update(svg).digest("hex").slice(0, 8)}-`;
  const own = svg.replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`).replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`).replace(/<\?xml[^>]*\?>|<!DOCTYPE[^>]*>/g, "");
  return `<figure class="chart"><div role="img" aria-label="${escapeHtml(sentence)}">${own}</div><figcaption>${escapeHtml(sentence)}</figcaption></figure>`;
}

/** Numbers as people read them: four significant digits, and no number as a dash. */
export function shown(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "–" : String(Number(value.toPrecision(4)));
}
