import { rankShares, shareColour } from "../plots/value-colour.js";

import type { ToolPaths } from "../control/tool-paths.js";
import type { ColourMessage, Header, MarkerArrayMessage, MarkerMessage, PointMessage } from "./messages.js";

/** visualization_msgs/Marker's numbers. */
const TYPE = { sphere: 2, lineStrip: 4, lineList: 5, points: 8 } as const;
const ADD = 0;

/** So many paths besides the chosen one are drawn: more hide each other. */
const PATHS = 8;
const PLAN_COLOUR: ColourMessage = { r: 0.84, g: 0.37, b: 0, a: 1 };
const TOOL_COLOUR: ColourMessage = { r: 0.1, g: 0.1, b: 0.1, a: 1 };
/** Without new plans markers go by themselves after so long, s: a place where nobody goes any more is not shown. */
const LIFETIME_S = 2;

/**
 * visualization_msgs/MarkerArray of a plan's candidates: `end_points` coloured by rank of energy (bright is best), the next best's `paths`, the chosen `plan`, and
 * where the `tool` is. Always the same four, so that each message replaces the one before.
 *
 * @param header its frame is the base link, as all places are.
 */
export function candidateMarkers({ count, horizon, start, places, energies }: ToolPaths, header: Header): MarkerArrayMessage {
  const place = (row: number): PointMessage => ({ x: places[3 * row]!, y: places[3 * row + 1]!, z: places[3 * row + 2]! });
  const first: PointMessage = { x: start[0]!, y: start[1]!, z: start[2]! };
  const path = (candidate: number): PointMessage[] => [first, ...Array.from({ length: horizon }, (_, step) => place(candidate * horizon + step))];
  const colours = Array.from(rankShares(energies), (share): ColourMessage => {
    const [r, g, b] = shareColour(share);
    return { r, g, b, a: 1 };
  });
  const candidates = Array.from({ length: count }, (_, candidate) => candidate);
  const others = candidates.slice(1, 1 + PATHS);
  return {
    markers: [
      marker(header, "end_points", TYPE.points, {
        scale: { x: 0.007, y: 0.007, z: 0 }, points: candidates.map((candidate) => place((candidate + 1) * horizon - 1)), colors: colours,
      }),
      marker(header, "paths", TYPE.lineList, {
        scale: { x: 0.0015, y: 0, z: 0 },
        points: others.flatMap((candidate) => pairs(path(candidate))),
        colors: others.flatMap((candidate) => Array.from({ length: 2 * horizon }, () => ({ ...colours[candidate]!, a: 0.6 }))),
      }),
      marker(header, "plan", TYPE.lineStrip, { scale: { x: 0.005, y: 0, z: 0 }, color: PLAN_COLOUR, points: path(0) }),
      marker(header, "tool", TYPE.sphere, {
        scale: { x: 0.015, y: 0.015, z: 0.015 }, color: TOOL_COLOUR, pose: { position: first, orientation: { x: 0, y: 0, z: 0, w: 1 } },
      }),
    ],
  };
}

/** A line's points as a line list wants them: both ends of each piece. */
function pairs(line: readonly PointMessage[]): PointMessage[] {
  return line.slice(1).flatMap((end, i) => [line[i]!, end]);
}

function marker(header: Header, namespace: string, type: number, own: Partial<MarkerMessage>): MarkerMessage {
  return {
    header, ns: namespace, id: 0, type, action: ADD,
    pose: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
    scale: { x: 1, y: 1, z: 1 }, color: { r: 1, g: 1, b: 1, a: 1 },
    lifetime: { sec: LIFETIME_S, nanosec: 0 }, frame_locked: false, points: [], colors: [],
    texture_resource: "", texture: { header, format: "", data: new Uint8Array(0) }, uv_coordinates: [],
    text: "", mesh_resource: "", mesh_file: { filename: "", data: new Uint8Array(0) }, mesh_use_embedded_materials: false,
    ...own,
  };
}
