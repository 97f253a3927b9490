import { readdir } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";

import { isGoalName } from "./goal-name.js";
import { MAX_SEQUENCE } from "./sequence-file.js";

/** A goal that an import would make. */
export interface PlannedGoal {
  readonly name: string;
  readonly file: string;
  /** Whether the file is a video, of which the last picture is taken. */
  readonly video: boolean;
}

export interface PlannedSequence {
  readonly name: string;
  /** Names of planned goals, in order. */
  readonly goals: readonly string[];
}

/** A file or folder that is left out, and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

export interface ImportPlan {
  readonly goals: readonly PlannedGoal[];
  readonly sequences: readonly PlannedSequence[];
  readonly leftOut: readonly LeftOut[];
}

export interface ImportPlanOptions {
  /** Before every name. */
  readonly prefix?: string;
  /** Whether the pictures of each folder are a sequence. */
  readonly sequence?: boolean;
  /** Of each folder only so many pictures, evenly spaced, the last one always among them. */
  readonly pick?: number;
  /** Endings of videos. */
  readonly videoEndings?: ReadonlySet<string>;
}

const PICTURES: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg"]);
/** A picture of this name says nothing: its folder's name does. */
const SAYS_NOTHING = /^(goal|goal[-_ ]?image|image|img|picture|frame|rgb|target)$/i;
/** Files that lie about in folders of pictures and are no attempt at one. */
const NO_MATTER = /^(thumbs\.db|desktop\.ini|readme(\..*)?|license(\..*)?)$/i;
const DEEPEST = 8;
const MOST_FILES = 100_000;

/**
 * What an import of a folder would make: a goal of each picture, named after its file and the folders above it; with `sequence` a
 * sequence of each folder. Nothing is read but names.
 *
 * @throws Error with one line when the folder cannot be read or has too many files.
 */
export async function planImport(folder: string, { prefix = "", sequence = false, pick, videoEndings = new Set() }: ImportPlanOptions = {}): Promise<ImportPlan> {
  const root = resolve(folder);
  const leftOut: LeftOut[] = [];
  const goals = new Map<string, PlannedGoal>();
  const sequences: PlannedSequence[] = [];
  const take = (goal: PlannedGoal): boolean => {
    const before = goals.get(goal.name);
    const reason = before !== undefined ? `its name would be ${goal.name}, as that of ${relative(root, before.file)}`
      : !isGoalName(goal.name) ? `its name would be ${JSON.stringify(goal.name)}, which is longer than 64 characters or no name; rename it` : undefined;
    if (reason !== undefined) {
      leftOut.push({ path: relative(root, goal.file), reason });
      return false;
    }
    goals.set(goal.name, goal);
    return true;
  };

  for (const { path, files } of await foldersOf(root)) {
    const ofFolder = nameOf(path === root ? [basename(root)] : relative(root, path).split("/"));
    const pictures: string[] = [];
    for (const file of files) {
      const ending = extname(file).toLowerCase();
      if (PICTURES.has(ending)) pictures.push(file);
      else if (videoEndings.has(ending)) {
        if (pick === 1) take({ name: `${prefix}${nameOf([...(path === root ? [] : relative(root, path).split("/")), withoutEnding(file)])}`, file: join(path, file), video: true });
        else leftOut.push({ path: relative(root, join(path, file)), reason: "a video; with --pick 1 its last picture is taken, or one at a time by goal add NAME FILE --at SECONDS" });
      } else if (!NO_MATTER.test(file)) leftOut.push({ path: relative(root, join(path, file)), reason: "no PNG or JPEG picture" });
    }
    if (pictures.length === 0) continue;
    const picked = pick === undefined ? pictures : evenly(pictures, pick);
    if (picked.length < pictures.length) {
      leftOut.push({ path: relative(root, path) || ".", reason: `${pictures.length - picked.length} of its ${pictures.length} pictures, by --pick ${pick}` });
    }
    if (sequence && picked.length > 1) {
      if (picked.length > MAX_SEQUENCE) {
        leftOut.push({ path: relative(root, path) || ".", reason: `${picked.length} pictures; a sequence has at most ${MAX_SEQUENCE}: take fewer with --pick N` });
        continue;
      }
      const digits = String(picked.length).length;
      const names = picked.map((file, i) => ({ name: `${prefix}${ofFolder}-${String(i + 1).padStart(digits, "0")}`, file: join(path, file), video: false }));
      // All of them or none: a sequence with a hole leads elsewhere.
      if (names.every(take)) sequences.push({ name: `${prefix}${ofFolder}`, goals: names.map(({ name }) => name) });
      else names.forEach(({ name, file }) => { if (goals.get(name)?.file === file) goals.delete(name); });
      continue;
    }
    const folders = path === root ? [] : relative(root, path).split("/");
    for (const file of picked) {
      const stem = withoutEnding(file);
      // Of one picture of a folder of many, and of a picture called "goal", the folder says what it is.
      const byFolder = (picked.length === 1 && pictures.length > 1) || (pictures.length === 1 && SAYS_NOTHING.test(stem));
      take({ name: `${prefix}${byFolder ? ofFolder : nameOf([...folders, stem])}`, file: join(path, file), video: false });
    }
  }
  return { goals: [...goals.values()], sequences, leftOut };
}

/** Every folder with its files, hidden ones left out; names in the order that people count in. */
async function foldersOf(root: string): Promise<{ readonly path: string; readonly files: readonly string[] }[]> {
  const found: { path: string; files: string[] }[] = [];
  let count = 0;
  const look = async (path: string, depth: number): Promise<void> => {
    const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
    entries.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    count += files.length;
    if (count > MOST_FILES) throw new Error(`${root} has more than ${MOST_FILES} files; give a folder below it`);
    found.push({ path, files });
    for (const entry of entries) {
      if (entry.isDirectory() && depth < DEEPEST) await look(join(path, entry.name), depth + 1);
    }
  };
  try {
    await look(root, 0);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === undefined) throw error;
    throw new Error(`cannot read the folder ${root}: ${code === "ENOENT" ? "it is not there" : code === "ENOTDIR" ? "it is no folder" : String(code)}`, { cause: error });
  }
  return found;
}

/** Words of a path as one name: what a name must not have becomes a hyphen. */
function nameOf(parts: readonly string[]): string {
  return parts.map((part) => part.normalize("NFKD").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|[-.]+$/g, "")).filter((part) => part !== "").join("-");
}

function withoutEnding(file: string): string {
  return basename(file, extname(file));
}

/** So many of them, evenly spaced, the last one among them. */
function evenly(files: readonly string[], count: number): string[] {
  if (count >= files.length) return [...files];
  return Array.from({ length: count }, (_, i) => files[Math.round(((i + 1) * files.length) / count) - 1]!);
}
