export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** System errors get our words in front; our own lines stay. */
export function readable(error: unknown, what: string): Error {
  const code = codeOf(error);
  if (code === undefined) {
    return error instanceof Error ? error : new Error(`${what}: ${String(error)}`);
  }
  const words: Record<string, string> = {
    EACCES: "permission denied", EPERM: "permission denied", ENOSPC: "no space left on the device", EROFS: "the file system is read-only",
    ENOENT: "it is not there (was it removed by another process?)", ENOTDIR: "part of the path is a file and not a folder",
    EEXIST: "a file of this name is in the way", ENOTEMPTY: "a folder of this name is in the way", EDQUOT: "the disk quota is used up",
  };
  return new Error(`${what}: ${words[code] ?? code}`, { cause: error });
}
