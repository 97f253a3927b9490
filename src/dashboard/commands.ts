import { z } from "zod";

import { refusal } from "../text/refusal.js";

import type { Command, Shown } from "./messages.js";

const id = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const goalName = z.string().min(1).max(64);

const COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("stop"), id }),
  z.strictObject({ do: z.literal("reset"), id }),
  z.strictObject({ do: z.literal("pause"), id, on: z.boolean() }),
  z.strictObject({ do: z.literal("goal"), id, name: goalName }),
  z.strictObject({ do: z.literal("capture"), id, name: goalName, replace: z.boolean() }),
  z.strictObject({ do: z.literal("parameter"), id, name: z.string().min(1).max(256), value: z.union([z.boolean(), z.number(), z.string().max(4096)]) }),
  z.strictObject({ do: z.literal("shown") }),
]);

/** What a page sent, or the one line that says why it is none of the commands; `id` where one could be read. */
export type Read = { readonly ok: true; readonly command: Command | Shown } | { readonly ok: false; readonly reason: string; readonly id?: number };

export function readCommand(text: string): Read {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: "the command is not JSON" };
  }
  const result = COMMAND.safeParse(json);
  if (result.success) return { ok: true, command: result.data };
  const known = z.looseObject({ id }).safeParse(json);
  return { ok: false, reason: refusal(result.error.issues[0]!, json, "the command"), ...(known.success ? { id: known.data.id } : {}) };
}
