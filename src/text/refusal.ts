import type { z } from "zod";

/** Longer values are cut: a refusal is one line. */
const SHOWN = 80;

/**
 * Why a document does not hold, as a clause: the field, its value, and what its schema says belongs there.
 *
 * @param issue what the schema found. @param document what was parsed. @param whole what to call the document itself.
 */
export function refusal(issue: z.core.$ZodIssue, document: unknown, whole: string): string {
  // Of an unknown field zod gives the object that it stands in; what has to go is the field.
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  let value = document;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return `${path.length === 0 ? whole : fieldName(path)} is ${shown(value)}: ${issue.message}`;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.map((key, i) => {
    if (typeof key === "number") return `[${key}]`;
    const name = String(key);
    return /^\w+$/.test(name) ? `${i > 0 ? "." : ""}${name}` : `[${JSON.stringify(name)}]`;
  }).join("");
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const json = JSON.stringify(value);
  return json.length > SHOWN ? `${json.slice(0, SHOWN - 3)}...` : json;
}
