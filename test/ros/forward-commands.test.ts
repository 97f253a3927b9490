import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ROOT, SKIP, graphEnv, startControllerWith, startSimulator } from "./graph.js";
import { Stranger } from "./stranger.js";

describe("forward command controllers", { skip: SKIP, timeout: 180_000 }, () => {
  for (const commands of ["forward_position", "forward_velocity"]) {
    it(`${commands}: the simulated arm reaches the picture, and stands where it was stopped`, async () => {
      const env = graphEnv();
      const simulator = startSimulator(env, ["task:=reach", "seed:=3", "image_width:=96", "image_height:=96"]);
      const controller = startControllerWith(env, [
        "--ros-args", "-p", "use_sim_time:=true", "-p", `bundle:=${join(ROOT, "models", "arm-objects-jepa")}`, "-p", `command_interface:=${commands}`,
        "-r", "image:=camera/image_raw", "-r", "camera_info:=camera/camera_info", "-r", "~/goal_image:=/jepa_mpc_simulator/task_goal_image",
      ]);
      const stranger = await Stranger.start(env);
      try {
        await stranger.status((status) => Number(status.values["steps"]) > 2, "three steps");
        const reached = await stranger.status((status) => status.values["state"] === "reached", "the goal");
        assert.match(reached.message, /^Reached/);
        await stranger.call("Trigger", "/jepa_mpc/stop");
        const places = (): readonly number[] => (stranger.seen.filter((seen) => seen.event === "sim_joints").at(-1)!["positions"] as number[]);
        await stranger.status((status) => status.values["state"] === "stopped", "the stop");
        const stopped = places();
        const from = stranger.mark;
        await stranger.waitFor((seen) => seen.event === "status", "a later status", from);
        for (const [j, position] of places().entries()) assert.ok(Math.abs(position - stopped[j]!) < 0.02, `joint ${j} goes on after the stop`);
      } finally {
        await controller.end();
        await simulator.end();
        await stranger.end();
      }
    });
  }
});
