import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { oneLine } from "../../text/one-line.js";
import { refusal } from "../../text/refusal.js";
import type { StaticGeometry, StaticObstacle } from "../../robot/types.js";

/** An entry of a keep-out file: the obstacle, and its own thresholds where it has some. */
export interface KeepOutEntry extends StaticObstacle {
  readonly slowDownDistanceM?: number;
  readonly haltDistanceM?: number;
}

// Each field carries the sentence that says what belongs there; `refusal` puts field and value before it.
const text = (todo: string) => z.string({ error: todo }).min(1, { error: todo });
const number = (todo: string) => z.number({ error: todo });
const metres = (todo: string) => z.number({ error: todo }).min(0, { error: todo }).max(10, { error: todo });
const positive = (todo: string) => z.number({ error: todo }).positive({ error: todo }).max(1000, { error: todo });
const triple = <T extends z.ZodType>(item: T, todo: string) => z.array(item, { error: todo }).length(3, { error: todo });
const point = (todo: string) => triple(number("write a number"), todo);

const common = {
  name: text("write a name of its own; people read it when the arm holds"),
  description: text("write a sentence, or leave it out").optional(),
  kind: z.enum(["keep_out", "scene"], { error: 'write "keep_out" (air that the robot may not enter) or "scene" (a solid thing)' }),
  links: z.array(text("write a link's name"), { error: "list the links that must keep clear, or leave it out for all links that move" })
    .min(1, { error: "list at least one link, or leave it out for all links that move" }).optional(),
  slow_down_distance_m: metres("write a distance in m, 0 to 10, or leave it out for the default").optional(),
  halt_distance_m: metres("write a distance in m, 0 to 10, or leave it out for the default").optional(),
};
const shape = <const S extends string, T extends z.ZodRawShape>(name: S, fields: T) =>
  z.strictObject({ ...common, shape: z.literal(name), ...fields }, { error: (issue) => unknownField(issue) ?? "write an object" });

const entry = z.discriminatedUnion("shape", [
  shape("box", {
    center_m: point("write the centre as [x, y, z] in the robot's base frame, m"),
    size_m: triple(positive("write the full edge length in m, above 0"), "write the full edge lengths as [x, y, z], m"),
    rotation_rpy_rad: point("write [roll, pitch, yaw] in rad, as in a URDF, or leave it out for none").optional(),
  }),
  shape("sphere", {
    center_m: point("write the centre as [x, y, z] in the robot's base frame, m"),
    radius_m: positive("write the radius in m, above 0"),
  }),
  shape("half_space", {
    point_m: point("write a point of the plane as [x, y, z] in the robot's base frame, m"),
    normal: point("write the direction out of the zone as [x, y, z]: toward where the robot may be")
      .refine((n) => Math.hypot(...n) > 1e-6, { error: "write a direction: it must not be [0, 0, 0]" }),
  }),
], { error: 'write "box", "sphere" or "half_space"' }).superRefine((value, context) => {
  const { halt_distance_m: halt, slow_down_distance_m: slow } = value;
  if (halt !== undefined && slow !== undefined && !(halt < slow)) {
    context.addIssue({ code: "custom", path: ["halt_distance_m"], message: `write less than slow_down_distance_m, which is ${slow}` });
  }
});

const schema = z.strictObject({
  schema_version: z.literal(1, { error: "write 1: this version of jepa-mpc reads no other" }),
  description: text("write a sentence, or leave it out").optional(),
  zones: z.array(entry, { error: "list the zones; [] is none" }),
}, { error: (issue) => unknownField(issue) ?? 'write {"schema_version": 1, "zones": [...]}' }).superRefine(({ zones }, context) => {
  for (const [i, { name }] of zones.entries()) {
    if (zones.findIndex((other) => other.name === name) < i) {
      context.addIssue({ code: "custom", path: ["zones", i, "name"], message: "two zones have this name: write another" });
    }
  }
});

/**
 * Reads a file of keep-out zones and scene objects (format: docs/safety.md).
 * @throws Error with one line: the file, the first field that does not hold, its value, and what belongs there.
 */
export async function readKeepOutFile(path: string): Promise<KeepOutEntry[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`keep-out file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, { cause });
  }
  return parseKeepOut(text, basename(path));
}

/**
 * The entries in a keep-out file's text.
 * @param name what to call the file in a refusal. @throws Error as readKeepOutFile().
 */
export function parseKeepOut(json: string, name: string): KeepOutEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new Error(`keep-out file ${name} is not JSON (${oneLine(cause)})`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new Error(`keep-out file ${name}: ${refusal(result.error.issues[0]!, value, "the file")}`);
  return result.data.zones.map((zone) => ({
    name: zone.name, kind: zone.kind, geometry: geometryOf(zone),
    ...(zone.links === undefined ? {} : { links: zone.links }),
    ...(zone.slow_down_distance_m === undefined ? {} : { slowDownDistanceM: zone.slow_down_distance_m }),
    ...(zone.halt_distance_m === undefined ? {} : { haltDistanceM: zone.halt_distance_m }),
  }));
}

function geometryOf(zone: z.infer<typeof entry>): StaticGeometry {
  switch (zone.shape) {
    case "box": return { shape: "box", centerM: zone.center_m, sizeM: zone.size_m, rotationRpyRad: zone.rotation_rpy_rad ?? [0, 0, 0] };
    case "sphere": return { shape: "sphere", centerM: zone.center_m, radiusM: zone.radius_m };
    case "half_space": return { shape: "half_space", pointM: zone.point_m, normal: zone.normal };
  }
}

function unknownField(issue: { readonly code?: string }): string | undefined {
  return issue.code === "unrecognized_keys" ? "not a field of this format: remove it" : undefined;
}
