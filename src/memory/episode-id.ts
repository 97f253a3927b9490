import { randomBytes } from "node:crypto";

const ID = /^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}$/;

/** A new episode's id; ids sort by time. @param startedAt when it began. */
export function episodeId(startedAt: Date): string {
  return `${startedAt.toISOString().replace(/[-:]/g, "")}-${randomBytes(3).toString("hex")}`;
}

export function isEpisodeId(text: string): boolean {
  return ID.test(text);
}
