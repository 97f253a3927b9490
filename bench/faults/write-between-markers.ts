import { readFile } from "node:fs/promises";

import { writeFileAtomically } from "../../src/camera/write-file-atomically.js";

/**
 * Replaces what stands between `<!-- NAME:start -->` and `<!-- NAME:end -->` of a Markdown file.
 *
 * @throws Error with one line when the file or the markers are not there.
 */
export async function writeBetweenMarkers(file: string, name: string, text: string): Promise<void> {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const before = await readFile(file, "utf8");
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no lines ${start} and ${end}: add them where the text is to stand`);
  await writeFileAtomically(file, `${before.slice(0, from + start.length)}\n\n${text.trim()}\n\n${before.slice(to)}`);
}
