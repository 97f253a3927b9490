import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { confineToLoopback, confineUnlessAsked } from "../../src/ros/loopback.js";
import { graphEnv, ROOT, SKIP, startController } from "./graph.js";
import { socketsOf } from "./sockets.js";
import { Stranger } from "./stranger.js";

import type { Socket } from "./sockets.js";

const HERE = ["127.0.0.1", "::1"];

function beyond(sockets: readonly Socket[]): Socket[] {
  return sockets.filter(({ address }) => !HERE.includes(address));
}

test("a socket that is bound to all addresses is noticed", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "0.0.0.0");
  await once(socket, "listening");
  const { port } = socket.address();
  assert.deepEqual(beyond(socketsOf(process.pid)).filter((found) => found.port === port), [{ protocol: "udp", address: "0.0.0.0", port }]);
  socket.close();
});

describe("what the user has said about who is to be reached", () => {
  it("is kept for the simulator", () => {
    for (const said of [{ ROS_AUTOMATIC_DISCOVERY_RANGE: "SUBNET" }, { ROS_STATIC_PEERS: "192.0.2.7" }, { FASTDDS_DEFAULT_PROFILES_FILE: "/my.xml" }]) {
      const env: NodeJS.ProcessEnv = { RMW_IMPLEMENTATION: "rmw_fastrtps_cpp", ...said };
      const before = { ...env };
      confineUnlessAsked(env);
      assert.deepEqual(env, before);
    }
  });

  it("is set aside for the demo, all but a profile of the user's own", () => {
    const env: NodeJS.ProcessEnv = { RMW_IMPLEMENTATION: "rmw_fastrtps_cpp", ROS_AUTOMATIC_DISCOVERY_RANGE: "SUBNET", ROS_STATIC_PEERS: "192.0.2.7" };
    confineToLoopback(env);
    assert.equal(env["ROS_STATIC_PEERS"], undefined);
    assert.equal(env["ROS_AUTOMATIC_DISCOVERY_RANGE"], "SYSTEM_DEFAULT");
    assert.ok(existsSync(env["FASTDDS_DEFAULT_PROFILES_FILE"]!));
    const twice = { ...env };
    confineToLoopback(twice);
    assert.deepEqual(twice, env);
    const own: NodeJS.ProcessEnv = { RMW_IMPLEMENTATION: "rmw_fastrtps_cpp", FASTDDS_DEFAULT_PROFILES_FILE: "/my.xml" };
    confineToLoopback(own);
    assert.deepEqual([own["ROS_AUTOMATIC_DISCOVERY_RANGE"], own["FASTDDS_DEFAULT_PROFILES_FILE"]], ["LOCALHOST", "/my.xml"]);
  });

  it("is no profile where another middleware is used", () => {
    const env: NodeJS.ProcessEnv = { RMW_IMPLEMENTATION: "rmw_cyclonedds_cpp" };
    confineToLoopback(env);
    assert.equal(env["ROS_AUTOMATIC_DISCOVERY_RANGE"], "LOCALHOST");
  });

  it("has the name by which the distribution's Fast DDS looks for it", () => {
    const jazzy: NodeJS.ProcessEnv = { RMW_IMPLEMENTATION: "rmw_fastrtps_cpp", ROS_DISTRO: "jazzy" };
    confineToLoopback(jazzy);
    assert.ok(existsSync(jazzy["FASTRTPS_DEFAULT_PROFILES_FILE"]!));
    assert.equal(jazzy["FASTDDS_DEFAULT_PROFILES_FILE"], undefined);
  });
});

const rmw = process.env["RMW_IMPLEMENTATION"] ?? "";
const skip = SKIP || (rmw.startsWith("rmw_fastrtps") ? false : `the profile is Fast DDS's; this is ${rmw === "" ? "a ROS 2 without RMW_IMPLEMENTATION" : rmw}`);

describe("nothing is bound beyond loopback unless asked", { skip, timeout: 200_000 }, () => {
  it("by jepa-mpc sim, the controller and a stranger, and they hear each other", async () => {
    const env = graphEnv();
    // As a user starts it: nothing is said about who is to be reached.
    const plain = { ...env };
    for (const name of ["FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "ROS_AUTOMATIC_DISCOVERY_RANGE"]) {
      Reflect.deleteProperty(plain, name);
    }
    const simulator = spawn(process.execPath, [join(ROOT, "dist/src/cli/main.js"), "sim", "--task", "none"], { env: plain, stdio: "ignore" });
    const ended = once(simulator, "exit");
    const controller = startController(env, ["use_sim_time:=true"]);
    const stranger = await Stranger.start(env);
    try {
      await stranger.waitFor((seen) => seen.event === "sim_joints", "/joint_states of the simulator");
      await stranger.status((status) => status.values["state"] !== undefined, "a status of the controller");
      for (const [name, pid] of [["sim", simulator.pid!], ["controller", controller.pid!]] as const) {
        const sockets = socketsOf(pid);
        assert.ok(sockets.filter(({ protocol }) => protocol === "udp").length >= 2, `${name}: ${JSON.stringify(sockets)}`);
        assert.deepEqual(beyond(sockets), [], name);
      }
    } finally {
      simulator.kill("SIGINT");
      await controller.end();
      await stranger.end();
      await Promise.race([ended, sleep(5000).then(() => simulator.kill("SIGKILL"))]);
    }
  });
});
