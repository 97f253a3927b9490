import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Fault } from "./fault.js";
import { ROOT, type Rig } from "./rig.js";

const SHIPPED = join(ROOT, "models", "arm-objects-jepa");
/** So often a worker that dies again is killed again, ms. */
const KILL_AGAIN_MS = 400;

/** Every fault, in the order of the table. A new one is an entry here; the fields are explained in fault.ts. */
export const FAULTS: readonly Fault[] = [
  // The camera. Its time-out is 0.5 s.
  {
    kind: "in_motion", name: "camera-dropped", what: "no pictures any more", quick: true,
    inject: (rig) => rig.spoilCamera({ mode: "drop" }), expect: ["camera_stale"], withinS: 0.8, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "camera-frozen", what: "the last picture again and again, with its old stamp",
    inject: (rig) => rig.spoilCamera({ mode: "freeze" }), expect: ["camera_stale"], withinS: 0.8, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "camera-frozen-pixels", what: "the same pixels with new stamps",
    inject: (rig) => rig.spoilCamera({ mode: "freeze_pixels" }), expect: ["plan_not_improving"], withinS: 8, recovery: "by itself", triesMeanwhile: true,
    bad: "Nothing looks at the pixels themselves: the arm goes on toward where the goal would be, within its limits, until no progress is seen.",
  },
  {
    kind: "in_motion", name: "camera-duplicated", what: "each picture five times",
    inject: (rig) => rig.spoilCamera({ mode: "duplicate", times: 5 }), expect: "nothing", withinS: 0, recovery: "unaffected",
  },
  {
    kind: "in_motion", name: "camera-late", what: "pictures come 1 s late",
    inject: (rig) => rig.spoilCamera({ mode: "late", by_s: 1 }), expect: ["camera_stale"], withinS: 0.8, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "camera-old-stamps", what: "stamps that are 3 s old",
    inject: (rig) => rig.spoilCamera({ mode: "stamp", by_s: -3 }), expect: ["camera_stale"], says: /image comes .* old/, withinS: 0.4, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "camera-future-stamps", what: "stamps 5 s ahead",
    inject: (rig) => rig.spoilCamera({ mode: "stamp", by_s: 5 }), expect: "nothing", says: /in the future/, withinS: 0, recovery: "unaffected",
    bad: "How old such a picture is cannot be known; it counts as new, with a warning.",
  },
  {
    kind: "in_motion", name: "camera-size", what: "pictures of twice the size, another than camera_info says",
    inject: (rig) => rig.spoilCamera({ mode: "resize", times: 2 }), expect: "nothing", says: /camera_info says/, withinS: 0, recovery: "unaffected",
  },
  {
    kind: "in_motion", name: "camera-encoding", what: "an encoding that is not known (16UC1)",
    inject: (rig) => rig.spoilCamera({ mode: "encoding", encoding: "16UC1" }), expect: ["camera_stale"], says: /encoding "16UC1" is not supported/, withinS: 0.8,
    recovery: "by itself",
  },
  {
    kind: "in_motion", name: "camera-short", what: "half of the bytes are missing",
    inject: (rig) => rig.spoilCamera({ mode: "short" }), expect: ["camera_stale"], says: /image data has/, withinS: 0.8, recovery: "by itself",
  },
  // Joint states. Their time-out is 0.25 s.
  {
    kind: "in_motion", name: "joints-dropped", what: "no joint states any more", quick: true,
    inject: (rig) => rig.spoilJoints({ mode: "drop" }), expect: ["joint_states_stale"], withinS: 0.5, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "joints-frozen", what: "the last joint state again and again, with its old stamp",
    inject: (rig) => rig.spoilJoints({ mode: "freeze" }), expect: ["joint_states_stale"], withinS: 0.5, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "joints-stuck", what: "the same positions with new stamps",
    inject: (rig) => rig.spoilJoints({ mode: "freeze_values" }), expect: ["tracking_error"], says: /have not changed/, withinS: 1.5, recovery: "after a reset", lastsS: 8, triesMeanwhile: true,
  },
  {
    kind: "in_motion", name: "joints-late", what: "joint states come 0.6 s late",
    inject: (rig) => rig.spoilJoints({ mode: "late", by_s: 0.6 }), expect: ["joint_states_stale"], withinS: 0.5, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "joints-nan", what: "the position of joint 4 is NaN",
    inject: (rig) => rig.spoilJoints({ mode: "value", joint: "fr3_joint4", value: "nan" }), expect: ["tracking_error"], says: /fr3_joint4 is NaN/, withinS: 0.3,
    recovery: "after a reset", lastsS: 4,
  },
  {
    kind: "in_motion", name: "joints-wrong", what: "joint 1 is said to be at 2 rad",
    inject: (rig) => rig.spoilJoints({ mode: "value", joint: "fr3_joint1", value: 2 }), expect: ["tracking_error"], withinS: 0.3, recovery: "after a reset", lastsS: 4,
  },
  {
    kind: "in_motion", name: "joints-missing", what: "joint 4 is not in the joint states", quick: true,
    inject: (rig) => rig.spoilJoints({ mode: "missing", joint: "fr3_joint4" }), expect: ["joint_states_stale"], says: /no fr3_joint4/, withinS: 0.7, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "joints-renamed", what: "joint 1 has another name",
    inject: (rig) => rig.spoilJoints({ mode: "rename", joint: "fr3_joint1", as: "joint1" }), expect: ["joint_states_stale"], says: /no fr3_joint1/, withinS: 0.7,
    recovery: "by itself",
  },
  {
    kind: "in_motion", name: "joints-short", what: "one position fewer than names",
    inject: (rig) => rig.spoilJoints({ mode: "short" }), expect: ["joint_states_stale"], says: /8 names and 7 positions/, withinS: 0.5, recovery: "by itself",
  },
  // The clock, with use_sim_time.
  {
    kind: "in_motion", name: "clock-stopped", what: "/clock stops, everything else goes on", setup: { simTime: true },
    inject: (rig) => rig.spoilClock({ mode: "stop" }), expect: ["clock_stopped"], withinS: 1.5, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "clock-forward", what: "/clock jumps 10 s ahead, stamps of pictures and joints do not", quick: true, setup: { simTime: true },
    inject: (rig) => rig.spoilClock({ mode: "pass", offset_s: 10 }), expect: ["camera_stale", "joint_states_stale"], withinS: 0.5, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "clock-back", what: "/clock jumps 5 s back, stamps of pictures and joints do not", setup: { simTime: true },
    inject: (rig) => rig.spoilClock({ mode: "pass", offset_s: -5 }), expect: "nothing", says: /in the future/, withinS: 0, recovery: "unaffected",
    bad: "Inputs from the future count as new, with a warning; trajectories go out without a stamp meanwhile.",
  },
  // The bundle.
  {
    kind: "at_start", name: "bundle-missing", what: "the bundle's folder is not there",
    parameters: async () => ({ bundle: "/nowhere" }), says: /bundle "\/nowhere" does not exist/, withinS: 20,
  },
  {
    kind: "at_start", name: "bundle-truncated", what: "half of rollout.onnx is missing",
    parameters: async (rig) => ({ bundle: spoiledBundle(rig, (folder) => {
      const file = join(folder, "rollout.onnx");
      truncateSync(file, readFileSync(file).length >> 1);
    }) }),
    says: /rollout\.onnx/, withinS: 20,
  },
  {
    kind: "at_start", name: "bundle-hash", what: "one bit of encoder.onnx is another", quick: true,
    parameters: async (rig) => ({ bundle: spoiledBundle(rig, (folder) => {
      const file = join(folder, "encoder.onnx");
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(file, bytes);
    }) }),
    says: /encoder\.onnx/, withinS: 20,
  },
  {
    kind: "at_start", name: "bundle-manifest", what: "manifest.json ends in the middle",
    parameters: async (rig) => ({ bundle: spoiledBundle(rig, (folder) => { truncateSync(join(folder, "manifest.json"), 300); }) }),
    says: /manifest\.json/, withinS: 20,
  },
  // The planner.
  {
    kind: "in_motion", name: "inference-error", what: "the model refuses to run",
    inject: (rig) => rig.sabotage({ what: "refuse" }), heal: (rig) => rig.sabotage({ what: "nothing" }),
    expect: ["internal_error"], says: /does not run/, withinS: 1, recovery: "after a reset", lastsS: 4,
  },
  {
    kind: "in_motion", name: "inference-nan", what: "the model gives NaN",
    inject: (rig) => rig.sabotage({ what: "nan" }), heal: (rig) => rig.sabotage({ what: "nothing" }),
    expect: ["internal_error", "plan_not_finite"], withinS: 1, recovery: "after a reset", lastsS: 4,
  },
  // These three are over when they have happened: the thread is replaced, and the arm may go on.
  {
    kind: "in_motion", name: "worker-killed", what: "the planning thread ends",
    inject: (rig) => rig.sabotage({ what: "exit" }), expect: ["internal_error", "plan_late"], withinS: 1, recovery: "by itself", lastsS: 0,
  },
  {
    kind: "in_motion", name: "worker-error", what: "an error in the planning thread that nobody catches",
    inject: (rig) => rig.sabotage({ what: "throw" }), expect: ["internal_error", "plan_late"], withinS: 1, recovery: "by itself", lastsS: 0,
  },
  {
    kind: "in_motion", name: "worker-hangs", what: "a run of the model never ends",
    inject: (rig) => rig.sabotage({ what: "hang" }), expect: ["plan_late"], withinS: 1, recovery: "by itself", lastsS: 0,
  },
  {
    kind: "in_motion", name: "worker-dies-often", what: "the planning thread ends again and again",
    inject: async (rig) => {
      // As often as it is replaced, and once more.
      for (let i = 0; i < 25; i++) {
        rig.sabotage({ what: "exit" });
        await sleep(KILL_AGAIN_MS);
      }
    },
    expect: ["internal_error"], withinS: 2, recovery: "after a restart",
  },
  {
    kind: "in_motion", name: "planner-slow", what: "each run of the model takes 0.3 s longer (no processor left)",
    inject: (rig) => rig.sabotage({ what: "slow", byS: 0.3 }), heal: (rig) => rig.sabotage({ what: "nothing" }),
    expect: ["plan_late"], withinS: 1, recovery: "by itself",
  },
  {
    kind: "in_motion", name: "planner-deadline", what: "planner.deadline_ms is set to 1.5",
    inject: (rig) => rig.setParameter("planner.deadline_ms", 1.5), heal: (rig) => rig.setParameter("planner.deadline_ms", 159.5),
    expect: ["plan_late"], withinS: 1.5, recovery: "by itself",
  },
  // The process.
  {
    kind: "in_motion", name: "ros-thread-blocked", what: "the thread that spins ROS is blocked for 1 s",
    inject: (rig) => rig.sabotage({ what: "block_main", forS: 1 }), expect: ["command_loop_late"], withinS: 1.4, recovery: "by itself", triesMeanwhile: true,
  },
  {
    kind: "in_motion", name: "process-suspended", what: "SIGSTOP, 1 s later SIGCONT",
    inject: async (rig) => {
      rig.signal("SIGSTOP");
      await sleep(1000);
      rig.signal("SIGCONT");
    },
    expect: ["command_loop_late", "joint_states_stale", "camera_stale"], withinS: 1.4, recovery: "by itself", triesMeanwhile: true,
  },
  {
    kind: "in_motion", name: "sigint", what: "SIGINT", inject: (rig) => rig.signal("SIGINT"), expect: "ends", says: /ended with code 0/, withinS: 2, recovery: "after a restart",
  },
  {
    kind: "in_motion", name: "sigterm", what: "SIGTERM", inject: (rig) => rig.signal("SIGTERM"), expect: "ends", says: /ended with code 0/, withinS: 2, recovery: "after a restart",
  },
  {
    kind: "in_motion", name: "sigkill", what: "SIGKILL", quick: true,
    inject: (rig) => rig.signal("SIGKILL"), expect: "ends", withinS: 0.5, recovery: "after a restart",
  },
  {
    kind: "in_motion", name: "sigkill-positions", what: "SIGKILL with command_interface forward_position",
    setup: { parameters: { command_interface: "forward_position" } },
    inject: (rig) => rig.signal("SIGKILL"), expect: "ends", withinS: 0.5, recovery: "after a restart",
    bad: "The arm stops where the last position was, as hard as its driver can: no tail brakes it.",
  },
  {
    kind: "in_motion", name: "sigkill-velocities", what: "SIGKILL with command_interface forward_velocity",
    setup: { parameters: { command_interface: "forward_velocity" } },
    inject: (rig) => rig.signal("SIGKILL"), expect: "ends", withinS: 0.5, recovery: "after a restart", keepsMoving: true,
    bad: "The arm goes on at its last velocity: only a driver that stops by itself when commands stay away makes this interface safe.",
  },
  // Others on the graph.
  {
    kind: "in_motion", name: "two-controllers", what: "a second controller gets the same goal", prepare: (rig) => rig.startRival(),
    inject: (rig) => rig.sendRival(), heal: (rig) => rig.tidy(),
    // The second one sees the first one's commands before it sends any.
    expect: "nothing", says: /another node sent a command/, withinS: 0, recovery: "unaffected",
  },
  {
    kind: "in_motion", name: "foreign-command", what: "another node sends the arm a trajectory", quick: true,
    inject: (rig) => { rig.proxy.do({ do: "foreign", joint: "fr3_joint1", by: 0.05, listeners: 3 }); },
    expect: ["other_commander"], withinS: 1, recovery: "after a reset",
  },
  // Goals.
  {
    kind: "in_motion", name: "goal-encoding", what: "a new goal with an encoding that is not known", quick: true,
    inject: (rig) => { rig.sendGoal({ encoding: "16UC1" }); }, expect: "nothing", says: /encoding "16UC1" is not supported/, withinS: 0, recovery: "unaffected",
  },
  {
    kind: "in_motion", name: "goal-size", what: "a new goal of 3 x 2 pixels",
    inject: (rig) => { rig.sendGoal({ size: [3, 2] }); }, expect: "nothing", withinS: 0, recovery: "unaffected",
    bad: "Pictures of any size are fitted to the model's: a goal that shows nothing is gone for until no progress is seen.",
  },
  {
    kind: "in_motion", name: "goal-unknown", what: "a goal by a name that is not there",
    inject: (rig) => { rig.proxy.do({ do: "goal_name", name: "nowhere" }); }, expect: "nothing", says: /there is no goal nowhere/, withinS: 0, recovery: "unaffected",
  },
  {
    kind: "in_motion", name: "disk-full", what: "the goal library's disk is full when a goal is added",
    inject: addGoalOnFullDisk, expect: "nothing", says: /no space left on the device/, withinS: 0, recovery: "unaffected",
  },
];

/** A copy of the shipped bundle with something wrong in it. */
function spoiledBundle(rig: Rig, spoil: (folder: string) => void): string {
  const folder = join(rig.folder, `bundle-${performance.now()}`);
  cpSync(SHIPPED, folder, { recursive: true });
  spoil(folder);
  return folder;
}

/** `goal add` with a library on a file system of 16 kB, in name spaces of its own so that nobody else sees it. */
async function addGoalOnFullDisk(rig: Rig): Promise<string> {
  const goals = join(rig.folder, "goals");
  mkdirSync(goals, { recursive: true });
  const mount = `mount -t tmpfs -o size=16k tmpfs "${goals}" && dd if=/dev/zero of="${goals}/ballast" bs=4k count=3 2>/dev/null;`;
  const add = `exec "${process.execPath}" dist/src/cli/main.js goal add full docs/images/demo-strip.png --goals-dir "${goals}"`;
  return new Promise((resolve) => {
    execFile("unshare", ["-rm", "sh", "-c", `${mount} ${add}`], { cwd: ROOT, env: rig.env, timeout: 60_000 }, (_, stdout, stderr) => { resolve(`${stdout}${stderr}`); });
  });
}
