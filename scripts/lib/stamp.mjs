import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A stamp file holds the hash of what a result was made from: same hash, nothing to do. */
export function fingerprint(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(typeof part === "string" ? part : JSON.stringify(part)).update("\0");
  }
  return hash.digest("hex");
}

export function isFresh(stampFile, wanted) {
  try {
    return readFileSync(stampFile, "utf8").trim() === wanted;
  } catch {
    return false;
  }
}

export function writeStamp(stampFile, value) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${value}\n`);
}

export function clearStamp(stampFile) {
  rmSync(stampFile, { force: true });
}
