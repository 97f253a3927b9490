import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { DEFAULT_CAMERA, opticalPose } from "../../sim/camera-pose.js";
import { decodeImage } from "../../src/camera/files.js";
import { formatOpticalPose } from "../../src/camera/optical-pose.js";
import { pinholeOfFovY, projectPoints } from "../../src/camera/project-points.js";
import { fr3Model } from "../../src/robot/fr3.js";
import { graphEnv, ROOT, SKIP, startController, startSimulator } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { Seen } from "./stranger.js";

interface SeenMarkers extends Seen {
  readonly frames: readonly string[];
  readonly markers: Readonly<Record<string, {
    readonly type: number; readonly action: number; readonly points: readonly (readonly number[])[]; readonly colors: number;
    readonly position: readonly number[]; readonly lifetime: number;
  }>>;
}

const BUNDLE = join(ROOT, "models", "arm-objects-jepa");
const POSE = opticalPose(DEFAULT_CAMERA);

describe("what a viewer sees of the plans", { skip: SKIP, timeout: 300_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let viewer: Stranger;
  let nodes: ChildNode[] = [];

  /** Waits for something of the viewer that comes from now on. */
  const next = <S extends Seen>(event: string, fits: (seen: S) => boolean = () => true): Promise<S> =>
    viewer.waitFor<S>((seen) => seen.event === event && fits(seen as S), event, viewer.mark);

  /** Another start, and on the way again: a goal that is reached makes no plans. */
  async function onTheWay(seed: number): Promise<void> {
    await stranger.call("SetParameters", "/jepa_mpc_simulator/set_parameters", { values: { seed } });
    await stranger.call("Trigger", "/jepa_mpc_simulator/reset");
    await viewer.waitFor((seen) => seen.event === "status" && (seen["values"] as Record<string, string>)["state"] === "planning", "planning", viewer.mark);
  }

  before(async () => {
    viewer = await Stranger.start(env, "viewer.py");
    stranger = await Stranger.start(env);
    nodes = [
      startSimulator(env, ["task:=reach", "seed:=3"]),
      // It never arrives, and has time for whole plans on a busy machine.
      startController(env, [`bundle:=${BUNDLE}`, `camera.pose:='${formatOpticalPose(POSE)}'`, "use_sim_time:=true", "goal_tolerance:=1.0e-9", "planner.deadline_ms:=5000.0"],
        ["image:=camera/image_raw", "camera_info:=camera/camera_info", "~/goal_image:=jepa_mpc_simulator/task_goal_image"]),
    ];
    await viewer.waitFor((seen) => seen.event === "status" && (seen["values"] as Record<string, string>)["state"] === "planning", "planning");
  });

  after(async () => {
    for (const node of nodes) await node.end();
    await viewer?.end();
    await stranger?.end();
  });

  it("says where the camera stands", async () => {
    const from = viewer.mark;
    viewer.do({ do: "look", at: "camera_pose" });
    const pose = await viewer.waitFor<Seen & { frame: string; position: number[]; quaternion: number[] }>((seen) => seen.event === "camera_pose", "~/camera_pose", from);
    assert.equal(pose.frame, "fr3_link0");
    [...POSE.positionM, ...POSE.quaternion].forEach((value, i) => { assert.ok(Math.abs(value - [...pose.position, ...pose.quaternion][i]!) < 1e-5); });
  });

  it("shows candidates where the tool is and can get to", async () => {
    await onTheWay(4);
    const joints = await stranger.waitFor<Seen & { names: string[]; positions: number[] }>((seen) => seen.event === "sim_joints", "joints", stranger.mark);
    const robot = await fr3Model(await readFile(join(ROOT, "urdf", "fr3.urdf"), "utf8"));
    viewer.do({ do: "look", at: "candidates" });
    // The first of a goal that was cut short has fewer.
    const { frames, markers } = await next<SeenMarkers>("candidates", (seen) => seen.markers["end_points"]!.points.length > 30);
    assert.deepEqual(frames, ["fr3_link0"]);
    assert.deepEqual(Object.keys(markers).sort(), ["end_points", "paths", "plan", "tool"]);
    const { end_points: ends, paths, plan, tool } = markers;
    assert.deepEqual([ends!.type, paths!.type, plan!.type, tool!.type], [8, 5, 4, 2]);
    assert.ok(ends!.points.length <= 64, `${ends!.points.length} end points`);
    assert.equal(ends!.colors, ends!.points.length);
    assert.equal(paths!.colors, paths!.points.length);
    assert.equal(plan!.points.length, 11, "the horizon, and where it begins");
    assert.deepEqual(plan!.points[0], tool!.position);
    assert.ok(Object.values(markers).every(({ action, lifetime }) => action === 0 && lifetime > 0));
    // A step is at most 4 cm along each axis.
    for (const point of ends!.points) {
      assert.ok(Math.hypot(...point.map((value, axis) => value - tool!.position[axis]!)) < 10 * 0.04 * Math.sqrt(3) + 0.05, "no further than ten steps");
    }
    const spread = Math.max(...ends!.points.map((point) => Math.hypot(...point.map((value, axis) => value - plan!.points[10]![axis]!))));
    assert.ok(spread > 0.02, `the search looked elsewhere, too: ${spread} m`);
    const at = robot.toolPose(Float64Array.from(robot.jointNames, (name) => joints.positions[joints.names.indexOf(name)]!)).position;
    const away = Math.hypot(...[0, 1, 2].map((axis) => at[axis]! - tool!.position[axis]!));
    // They were not taken at the same time: the arm moves at most 25 cm/s.
    assert.ok(away < 0.3, `the tool is ${away} m from where the joints say`);
    viewer.do({ do: "look away", at: "candidates" });
    await sleep(1500);
    const quiet = viewer.mark;
    await sleep(1000);
    assert.equal(viewer.seen.slice(quiet).filter(({ event }) => event === "candidates").length, 0, "whoever looks away sees no more");
  });

  it("draws the plan over the camera's picture", async () => {
    await onTheWay(5);
    viewer.do({ do: "look", at: "candidates" });
    viewer.do({ do: "look", at: "compressed" });
    const lens = pinholeOfFovY(96, 96, DEFAULT_CAMERA.fovY);
    // The plan's colour is where the plan's way is projected to, in the picture that was drawn of it or of one before or after.
    let [best, drawn] = [0, 0];
    for (let i = 0; i < 12 && best < 0.8; i++) {
      const { markers } = await next<SeenMarkers>("candidates");
      const picture = await next<Seen & { jpeg: string; format: string; frame: string }>("compressed");
      assert.equal(picture.format, "jpeg");
      assert.equal(picture.frame, "camera_optical_frame");
      const { width, height, data } = await decodeImage(Buffer.from(picture.jpeg, "base64"), "overlay");
      assert.deepEqual([width, height], [480, 480]);
      drawn++;
      const places = projectPoints(markers["plan"]!.points.flat(), { pose: POSE, lens });
      const orange = (u: number, v: number): boolean => {
        const at = 3 * (Math.round((v + 0.5) * 5) * width + Math.round((u + 0.5) * 5));
        const [r, g, b] = data.subarray(at, at + 3) as unknown as [number, number, number];
        return r > 170 && g < 160 && b < 130 && r - b > 80;
      };
      const way = Array.from({ length: 10 }, (_, step) => [places[2 * step + 2]!, places[2 * step + 3]!] as const);
      best = Math.max(best, way.filter(([u, v]) => orange(u, v)).length / way.length);
    }
    assert.ok(best >= 0.6, `at best ${(100 * best).toFixed(0)} % of the plan's places were found in ${drawn} pictures`);
    viewer.do({ do: "look away", at: "candidates" });
    viewer.do({ do: "look away", at: "compressed" });
  });

  it("gives the raw picture, too, and goes on without a plan", async () => {
    const from = viewer.mark;
    viewer.do({ do: "look", at: "overlay" });
    await stranger.call("Trigger", "/jepa_mpc/reset");
    await viewer.waitFor((seen) => seen.event === "status" && (seen["values"] as Record<string, string>)["state"] === "idle", "idle", from);
    const idle = await next<Seen & { width: number; height: number; encoding: string; step: number; bytes: number; frame: string; colours: number }>("overlay");
    assert.deepEqual([idle.width, idle.height, idle.encoding, idle.step, idle.bytes, idle.frame], [480, 480, "rgb8", 1440, 480 * 480 * 3, "camera_optical_frame"]);
    assert.ok(idle.colours > 100, "a picture of a table and an arm");
    viewer.do({ do: "look away", at: "overlay" });
  });
});

describe("a camera pose that cannot be read", { skip: SKIP, timeout: 60_000 }, () => {
  it("is refused with one line", async () => {
    const controller = startController(graphEnv(), ["camera.pose:='1 2 3'"]);
    try {
      const ended = await Promise.race([controller.ended, sleep(40_000).then(() => "still running")]);
      assert.match(ended, /1/);
      assert.match(controller.lastLine, /parameter camera\.pose must be x y z qx qy qz qw or x y z roll pitch yaw \(m, rad\), not "1 2 3"/);
    } finally {
      await controller.end();
    }
  });
});
