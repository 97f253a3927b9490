import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { SIMULATOR_INTERFACES } from "../../sim/ros/interfaces.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";
import { QOS } from "./qos.js";
import { RECORDER_INTERFACES } from "./recorder-interfaces.js";

import type { InterfaceSpec, InterfaceSpecs, TopicSpec } from "./interface-spec.js";
import type { QosSpec } from "./qos.js";

/** The text of docs/interfaces.md. */
export function interfaceDocs(): string {
  return `# Topics, services and actions

<!-- Generated from the declarations: npm run build && node dist/src/ros/interface-docs.js > docs/interfaces.md -->

Names are as ROS 2 resolves them: \`image\` is in the node's namespace and can be remapped, \`~/status\` is below the node's own name.
SI units and radians. The quality of service of every topic can be overridden by parameters, see [ros.md](ros.md#quality-of-service).
How the parts work together is in [ros.md](ros.md), what can be set in [parameters.md](parameters.md).

## Controller (\`jepa_mpc\`)

${nodeTables(CONTROLLER_INTERFACES)}

As every lifecycle node it offers \`~/change_state\`, \`~/get_state\`, \`~/get_available_states\`, \`~/get_available_transitions\` and
\`~/transition_event\`, and as every node the parameter services.

## Simulator (\`jepa_mpc_simulator\`)

${nodeTables(SIMULATOR_INTERFACES)}

## Recorder (\`jepa_mpc_recorder\`)

${nodeTables(RECORDER_INTERFACES)}
`;
}

function nodeTables(specs: InterfaceSpecs): string {
  const all: readonly InterfaceSpec[] = Object.values(specs);
  const topics = all.filter((spec) => spec.kind === "topic");
  const topicTable = (direction: TopicSpec["direction"], title: string): string => table(
    [title, "type", "quality of service", "meaning"],
    topics.filter((spec) => spec.direction === direction).map((spec) => [`\`${spec.name}\``, shortType(spec.type), qosText(QOS[spec.qos]), spec.description]),
  );
  const others = (kind: "service" | "action"): string => table(
    [kind, "type", "does"], all.filter((spec) => spec.kind === kind).map((spec) => [`\`${spec.name}\``, shortType(spec.type), spec.description]),
  );
  return [topicTable("in", "in"), topicTable("out", "out"), others("service"), others("action")].filter((text) => text !== "").join("\n\n");
}

/** "" without rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return rows.length === 0 ? "" : [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** sensor_msgs/Image, as people write it. */
function shortType(type: string): string {
  return type.replace(/\/(msg|srv|action)\//, "/");
}

function qosText({ reliability, durability, depth }: QosSpec): string {
  return `${reliability.replace("_", " ")}, ${durability.replace("_", " ")}, depth ${depth}`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(interfaceDocs());
}
