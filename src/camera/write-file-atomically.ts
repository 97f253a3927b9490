import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file beside its place and renames it there, so a reader sees the old or the new one and never a half,
 * also when the process is killed or two processes write the same file.
 *
 * @throws Error with one line naming the file and why it cannot be written.
 */
export async function writeFileAtomically(file: string, content: Uint8Array | string): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const handle = await open(beside, "wx");
    try {
      await handle.writeFile(content);
      // Without this a power cut can leave the renamed file empty on some file systems.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Error(`cannot write ${file}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (error instanceof Error && "code" in error) {
    switch (error.code) {
      case "ENOENT": return "its folder does not exist";
      case "EACCES":
      case "EPERM": return "permission denied";
      case "ENOSPC": return "no space left on the device";
      case "EROFS": return "the file system is read-only";
      case "EISDIR": return "it is a folder";
    }
  }
  return error instanceof Error ? error.message : String(error);
}
