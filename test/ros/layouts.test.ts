import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { SIMULATOR_INTERFACES } from "../../sim/ros/interfaces.js";
import { EPISODE_CHANNELS } from "../../src/memory/episode-channels.js";
import { candidateMarkers } from "../../src/ros/candidate-markers.js";
import { CONTROLLER_INTERFACES } from "../../src/ros/interfaces.js";
import { QOS } from "../../src/ros/qos.js";
import { statusMessage } from "../../src/ros/status-message.js";

import type { ControllerStatus } from "../../src/control/status.js";
import type { InterfaceSpec } from "../../src/ros/interface-spec.js";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const PYTHON = process.env["PYTHON"] ?? "python3";
const noYaml = spawnSync(PYTHON, ["-c", "import yaml"]).status === 0 ? false : `${PYTHON} has no yaml`;

function resolved(specs: Readonly<Record<string, InterfaceSpec>>, node: string): [name: string, spec: InterfaceSpec][] {
  return Object.values(specs).map((spec) => [spec.name.startsWith("~/") ? `${node}/${spec.name.slice(2)}` : spec.name.startsWith("/") ? spec.name : `/${spec.name}`, spec]);
}

const DECLARED = new Map([...resolved(CONTROLLER_INTERFACES, "/jepa_mpc"), ...resolved(SIMULATOR_INTERFACES, "/jepa_mpc_simulator")]);
/** Topics with their types: declared, of every node, and of recordings. */
const TYPES = new Map<string, string>([
  ...[...DECLARED].flatMap(([name, spec]): [string, string][] => spec.kind === "topic" ? [[name, spec.type]] : []),
  ["/rosout", "rcl_interfaces/msg/Log"],
  ...Object.values(EPISODE_CHANNELS).map(({ topic, type }): [string, string] => [topic, type]),
]);

/** Every key that ~/status can have besides those of terms. */
const FULL: Required<ControllerStatus> = {
  state: "planning", sentence: "", holdReason: "plan_late", final: false, goalName: "g", subGoal: { name: "s", number: 1, count: 2 }, energy: 1, startEnergy: 1, energyShare: 1, planMs: 1, encodeMs: 1, answerMs: 1, pictureWaitMs: 0,
  iterations: 1, candidates: 1, recalled: 8, speedScale: 1, terms: [], steps: 1, overruns: 0, surprise: { prediction: 1, arm: 1, picture: 1, energy: 1 }, retries: 0, adaptation: { axes: [{ name: "x", gain: 1, carry: 0, biasM: 0, offsetM: 0 }], steps: 1 },
};
const STATUS_KEYS = new Set(statusMessage(FULL, "n", "h").values.map(({ key }) => key));
const STATES: Readonly<Record<ControllerStatus["state"], true>> = { waiting_for_inputs: true, idle: true, planning: true, holding: true, reached: true, stopped: true };

type Node = string | { readonly direction: "row" | "column"; readonly first: Node; readonly second: Node; readonly splitPercentage: number };
type Config = Readonly<Record<string, unknown>>;
interface Layout {
  readonly configById: Readonly<Record<string, Config>>;
  readonly layout: Node;
  readonly globalVariables: object;
  readonly userNodes: object;
  readonly playbackConfig: { readonly speed: number };
}

const layout = JSON.parse(readFileSync(join(ROOT, "config", "foxglove", "jepa-mpc.json"), "utf8")) as Layout;
const panels = (type: string): Config[] => Object.entries(layout.configById).filter(([id]) => id.startsWith(`${type}!`)).map(([, config]) => config);

function leaves(node: Node): string[] {
  if (typeof node === "string") return [node];
  assert.ok(["row", "column"].includes(node.direction) && node.splitPercentage > 0 && node.splitPercentage < 100);
  return [...leaves(node.first), ...leaves(node.second)];
}

/** Foxglove's message path: a topic, fields, at most a filter of ~/status' values. */
function assertPath(path: string, numeric: boolean): void {
  const found = /^(\/[\w/]+)\.(?:values\[:\]\{key=="(\w+)"\}\.value|(\w+))$/.exec(path);
  assert.ok(found !== null, `${path} is no message path`);
  const [, topic, key, field] = found;
  const type = TYPES.get(topic!);
  assert.ok(type !== undefined, `${topic} is declared nowhere`);
  if (key !== undefined) {
    assert.equal(type, "diagnostic_msgs/msg/DiagnosticStatus");
    assert.ok(STATUS_KEYS.has(key), `~/status has no ${key}; it has ${[...STATUS_KEYS].join(", ")}`);
  } else if (numeric) assert.deepEqual([type, field], ["std_msgs/msg/Float64", "data"]);
  else assert.deepEqual([type, field], ["diagnostic_msgs/msg/DiagnosticStatus", "message"]);
}

test("Foxglove's layout has a place for every panel, and a panel in every place", () => {
  const placed = [...leaves(layout.layout), ...panels("Tab").flatMap((tab) => (tab["tabs"] as { title: string; layout: Node }[]).flatMap((each) => leaves(each.layout)))];
  assert.deepEqual(placed.toSorted(), Object.keys(layout.configById).toSorted());
  const known = ["3D", "Image", "Plot", "StateTransitions", "Indicator", "RawMessages", "DiagnosticSummary", "Parameters", "RosOut", "CallService", "Tab"];
  for (const id of placed) assert.ok(known.includes(id.split("!")[0]!), id);
  assert.ok(layout.playbackConfig.speed > 0 && typeof layout.globalVariables === "object" && typeof layout.userNodes === "object");
});

test("Foxglove's panels show topics that are there, of types that they show", () => {
  const images = ["sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"];
  for (const panel of panels("Image")) {
    const { imageTopic } = panel["imageMode"] as { imageTopic: string };
    assert.ok(images.includes(TYPES.get(imageTopic) ?? ""), imageTopic);
  }
  for (const panel of panels("3D")) {
    const topics = Object.keys(panel["topics"] as object);
    assert.deepEqual(topics.map((topic) => TYPES.get(topic)).toSorted(), ["geometry_msgs/msg/PoseStamped", "sensor_msgs/msg/JointState", "visualization_msgs/msg/MarkerArray"]);
    const { urdf } = panel["layers"] as { urdf: { topic: string } };
    assert.equal(TYPES.get(urdf.topic), "std_msgs/msg/String");
  }
  for (const panel of panels("Plot")) for (const { value } of panel["paths"] as { value: string }[]) assertPath(value, true);
  for (const panel of panels("StateTransitions")) for (const { value } of panel["paths"] as { value: string }[]) assertPath(value, false);
  for (const panel of panels("Indicator")) {
    assertPath(panel["path"] as string, false);
    assert.deepEqual((panel["rules"] as { rawValue: string }[]).map(({ rawValue }) => rawValue).toSorted(), Object.keys(STATES).toSorted());
  }
  for (const panel of panels("RawMessages")) assertPath(panel["topicPath"] as string, false);
  for (const panel of panels("DiagnosticSummary")) assert.equal(TYPES.get(panel["topicToRender"] as string), "diagnostic_msgs/msg/DiagnosticArray");
  for (const panel of panels("RosOut")) assert.equal(TYPES.get(panel["topicToRender"] as string), "rcl_interfaces/msg/Log");
});

test("Foxglove's buttons call services that are there, with requests that they take", () => {
  assert.ok(panels("CallService").length >= 4);
  for (const { serviceName, requestPayload } of panels("CallService") as { serviceName: string; requestPayload: string }[]) {
    const spec = DECLARED.get(serviceName);
    assert.equal(spec?.kind, "service", serviceName);
    const request = JSON.parse(requestPayload) as object;
    assert.deepEqual(Object.entries(request).map(([name, value]) => [name, typeof value]), spec.type === "std_srvs/srv/SetBool" ? [["data", "boolean"]] : []);
  }
});

interface Display {
  readonly Class: string;
  readonly Name: string;
  readonly Topic?: Readonly<Record<string, unknown>>;
  readonly "Description Topic"?: Readonly<Record<string, unknown>>;
  readonly Namespaces?: object;
}

test("RViz's displays show topics that are there, with their quality of service", { skip: noYaml }, () => {
  const parsed = spawnSync(PYTHON, ["-c", "import json, sys, yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1]))))", join(ROOT, "config", "rviz", "jepa-mpc.rviz")], { encoding: "utf8" });
  assert.equal(parsed.status, 0, parsed.stderr);
  const { "Visualization Manager": manager } = JSON.parse(parsed.stdout) as { "Visualization Manager": { Displays: Display[]; "Global Options": { "Fixed Frame": string } } };
  assert.equal(manager["Global Options"]["Fixed Frame"], "fr3_link0");
  const shows: Readonly<Record<string, string>> = {
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray", "rviz_default_plugins/Pose": "geometry_msgs/msg/PoseStamped",
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image", "rviz_default_plugins/RobotModel": "std_msgs/msg/String",
  };
  let checked = 0;
  for (const display of manager.Displays) {
    const topic = display.Topic ?? display["Description Topic"];
    if (topic === undefined) continue;
    const spec = DECLARED.get(topic["Value"] as string);
    assert.ok(spec?.kind === "topic", `${display.Name}: ${String(topic["Value"])} is declared nowhere`);
    assert.equal(spec.type, shows[display.Class], display.Name);
    const { durability, reliability } = QOS[spec.qos];
    assert.deepEqual([topic["Durability Policy"], topic["Reliability Policy"]], [durability === "transient_local" ? "Transient Local" : "Volatile", reliability === "reliable" ? "Reliable" : "Best Effort"]);
    checked++;
  }
  assert.ok(checked >= 5);
  const { markers } = candidateMarkers(
    { count: 1, horizon: 1, start: new Float32Array(3), places: new Float32Array(3), energies: new Float64Array(1) }, { stamp: { sec: 0, nanosec: 0 }, frame_id: "b" });
  const namespaces = manager.Displays.find(({ Namespaces }) => Namespaces !== undefined)?.Namespaces;
  assert.deepEqual(Object.keys(namespaces ?? {}), markers.map(({ ns }) => ns));
});
