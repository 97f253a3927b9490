import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { SIMULATOR_PARAMETERS } from "../../sim/ros/parameters.js";
import { parameterTable } from "./parameter-table.js";
import { CONTROLLER_PARAMETERS, jointLimitParameters } from "./parameters.js";
import { RECORDER_PARAMETERS } from "./recorder-parameters.js";

/** The text of docs/parameters.md. */
export function parameterDocs(): string {
  return `# Parameters

<!-- Generated from the declarations: npm run build && node dist/src/ros/parameter-docs.js > docs/parameters.md -->

A bad value is refused with the reason, at start and in \`ros2 param set\`. *Dynamic* ones apply from the next plan (or, where it says so,
the next reset). *Static* ones are read when the node configures; set them before, or deactivate and clean up the node first.
Parameter files name the node as \`/**\`, by its bare name, or by its full name (\`/cell/jepa_mpc\`); the later of these wins.

## Controller (\`jepa_mpc\`)

${parameterTable(CONTROLLER_PARAMETERS)}
${parameterTable(jointLimitParameters(["<joint>"])).split("\n").slice(2).join("\n")}

\`use_sim_time\` is there as in every node. With it control keeps the pace of \`/clock\`; time-outs go on in real time when the clock has
stood still for a second.

## Simulator (\`jepa_mpc_simulator\`)

${parameterTable(SIMULATOR_PARAMETERS)}

## Recorder (\`jepa_mpc_recorder\`)

${parameterTable(RECORDER_PARAMETERS)}
`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(parameterDocs());
}
