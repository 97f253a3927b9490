import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SIMULATOR_PARAMETERS } from "../sim/ros/parameters.js";
import { TASK_NAMES } from "../sim/tasks.js";
import { checkParameter } from "../src/ros/parameter-spec.js";
import { CONTROLLER_PARAMETERS } from "../src/ros/parameters.js";

import type { ParameterSpecs } from "../src/ros/parameter-spec.js";

const ROOT = join(import.meta.dirname, "..", "..");
const PYTHON = process.env["PYTHON"] ?? "python3";
/** Small enough for the repository; it plans nonsense. */
const BUNDLE = join(ROOT, "test", "fixtures", "tiny-bundle");
const ROS2 = "from ros2cli.cli import main; main()";

function python(code: string, ...args: string[]): { ok: boolean; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", code, ...args], { encoding: "utf8", timeout: 60_000 });
  return { ok: status === 0, stdout, stderr };
}

const noPython = python("pass").ok ? false : `${PYTHON} does not run`;
const noYaml = python("import yaml").ok ? false : `${PYTHON} has no yaml`;
const noLaunch = python("import launch, launch_ros, ros2launch").ok
  ? existsSync(join(ROOT, "dist", "src", "ros", "controller-main.js")) ? false : "the controller node is not built"
  : "no ros2 launch here (the embedded ROS 2 has none): source a full ROS 2 to run this";

test("the launch files are Python", { skip: noPython }, () => {
  const files = readdirSync(join(ROOT, "launch")).filter((name) => name.endsWith(".py")).map((name) => join(ROOT, "launch", name));
  assert.ok(files.length >= 2);
  const parsed = python("import ast, sys\nfor f in sys.argv[1:]: ast.parse(open(f).read(), f)", ...files);
  assert.ok(parsed.ok, parsed.stderr);
});

test("the launch file takes the tasks that the simulator has", { skip: noPython }, () => {
  const read = python(
    "import ast, json, sys\nfor n in ast.parse(open(sys.argv[1]).read()).body:\n  if isinstance(n, ast.Assign) and n.targets[0].id == 'TASKS': print(json.dumps(ast.literal_eval(n.value)))",
    join(ROOT, "launch", "demo.launch.py"),
  );
  assert.ok(read.ok, read.stderr);
  assert.deepEqual(JSON.parse(read.stdout), [...TASK_NAMES]);
});

const configs: [file: string, specs: ParameterSpecs][] = [["controller.yaml", CONTROLLER_PARAMETERS], ["simulator.yaml", SIMULATOR_PARAMETERS]];
for (const [file, specs] of configs) {
  test(`config/${file} names declared parameters with values that they take`, { skip: noYaml }, () => {
    const parsed = python("import json, sys, yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1]))))", join(ROOT, "config", file));
    assert.ok(parsed.ok, parsed.stderr);
    const byNode = JSON.parse(parsed.stdout) as Record<string, { ros__parameters: Record<string, unknown> }>;
    assert.deepEqual(Object.keys(byNode), ["/**"]);
    const given = flat(byNode["/**"]!.ros__parameters);
    assert.ok(given.length > 0);
    for (const [name, value] of given) {
      const spec = specs[name];
      assert.ok(spec !== undefined, `${name} is not declared`);
      const checked = checkParameter(name, spec, value);
      assert.ok(checked.ok, checked.ok ? "" : checked.reason);
    }
  });
}

/** Nested names joined with dots, as ROS does. */
function flat(values: Record<string, unknown>, prefix = ""): [name: string, value: unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${prefix}${name}.`)
      : [[prefix + name, value]]);
}

test("ros2 launch starts and ends the demo", { skip: noLaunch, timeout: 120_000 }, async () => {
  const prefix = installedPackage();
  try {
    const { output, code } = await launchUntil(
      prefix, [/\[simulator-\d+\].* from the goal/, /\[controller-\d+\].*: active/],
      "demo.launch.py", "namespace:=arm", "use_sim_time:=True", "task:=reach", "seed:=3", `bundle:=${BUNDLE}`,
    );
    assert.match(output, /\[controller-\d+\].*: active/, output);
    assert.doesNotMatch(output, /process has died/, output);
    assert.equal(output.match(/process has finished cleanly/g)?.length, 2, output);
    assert.doesNotMatch(output, /is not known and was ignored/, output);
    assert.equal(code, 0, output);
  } finally {
    rmSync(prefix, { recursive: true });
  }
});

/** An ament prefix in which this checkout is the installed package, as CMakeLists.txt would lay it. */
function installedPackage(): string {
  const prefix = mkdtempSync(join(tmpdir(), "jepa-mpc-prefix-"));
  const index = join(prefix, "share", "ament_index", "resource_index", "packages");
  const lib = join(prefix, "lib", "jepa_mpc");
  mkdirSync(index, { recursive: true });
  mkdirSync(lib, { recursive: true });
  writeFileSync(join(index, "jepa_mpc"), "");
  symlinkSync(ROOT, join(prefix, "share", "jepa_mpc"));
  const template = readFileSync(join(ROOT, "bin", "launcher.in"), "utf8");
  for (const [name, main] of [["controller", "dist/src/ros/controller-main.js"], ["simulator", "dist/sim/ros/simulator-main.js"]] as const) {
    writeFileSync(join(lib, name), template.replaceAll("@JEPA_MPC_MAIN@", main));
    chmodSync(join(lib, name), 0o755);
  }
  return prefix;
}

/** Launches, waits until every line was seen (or a minute has passed), then ends it as Ctrl-C does. */
async function launchUntil(prefix: string, lines: readonly RegExp[], ...args: string[]): Promise<{ output: string; code: number | null }> {
  const env = { ...process.env, AMENT_PREFIX_PATH: `${prefix}:${process.env["AMENT_PREFIX_PATH"] ?? ""}`, ROS_LOG_DIR: join(prefix, "log"), JEPA_MPC_MEMORY: join(prefix, "memory") };
  const child = spawn(PYTHON, ["-c", ROS2, "launch", "jepa_mpc", ...args], { cwd: prefix, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let ended = false;
  const end = () => {
    if (!ended) {
      ended = true;
      child.kill("SIGINT");
    }
  };
  const timer = setTimeout(end, 60_000);
  const read = (data: Buffer) => {
    output += data.toString();
    if (lines.every((line) => line.test(output))) {
      end();
    }
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ output, code });
    });
  });
}
