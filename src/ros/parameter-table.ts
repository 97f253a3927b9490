import type { ParameterSpec, ParameterSpecs } from "./parameter-spec.js";

/** A Markdown table of a list of parameters, in the order of the list. */
export function parameterTable(specs: ParameterSpecs): string {
  const rows = Object.entries(specs).map(([name, spec]) =>
    `| \`${name}\` | ${spec.type} | ${defaultText(spec)} | ${allowedText(spec)} | ${spec.changes} | ${spec.description.replaceAll("|", "\\|")} |`);
  return ["| parameter | type | default | allowed | changes | meaning |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

function defaultText(spec: ParameterSpec): string {
  if (spec.type === "string_array" || spec.type === "double_array") {
    return `\`[${spec.default.join(", ")}]\``;
  }
  return spec.default === "" ? "(empty)" : `\`${String(spec.default)}\``;
}

function allowedText(spec: ParameterSpec): string {
  if ((spec.type === "integer" || spec.type === "double") && spec.range !== undefined) {
    return `${spec.range[0]} to ${spec.range[1]}`;
  }
  if (spec.type === "string" && spec.choices !== undefined) {
    return spec.choices.map((choice) => `\`${choice}\``).join(", ");
  }
  return "";
}
