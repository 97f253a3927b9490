import { readFile } from "node:fs/promises";

import { writeFileAtomically } from "../camera/write-file-atomically.js";

/** The lines of a Markdown file that what is made by a program stands between. */
export function markersOf(name: string): readonly [start: string, end: string] {
  return [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
}

/**
 * Replaces what stands between the markers of this name in a Markdown file, which stays as it is around them.
 *
 * @throws Error with one line naming the file when it cannot be read, or has not both markers, once and in order.
 */
export async function writeBetweenMarkers(file: string, name: string, markdown: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const [start, end] = markersOf(name);
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from || text.lastIndexOf(start) !== from || text.lastIndexOf(end) !== to) {
    throw new Error(`${file} needs the lines ${start} and ${end}, once each, where the text is to be`);
  }
  await writeFileAtomically(file, `${text.slice(0, from)}${start}\n\n${markdown.trim()}\n\n${text.slice(to)}`);
}
