import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Rig } from "../../bench/faults/rig.js";
import { runFault } from "../../bench/faults/run-fault.js";
import type { MotionFault } from "../../bench/faults/fault.js";
import { ChildServer } from "../remote/child-server.js";
import { mlserver, NO_MLSERVER, ownServer, SHIPPED, writeRepository } from "../remote/servers.js";
import { graphEnv, SKIP } from "./graph.js";

/** Reactions may take so many times longer than on a machine with time to spare. */
const SLACK = 15;
/** Runs of the model compete with simulator, controller and tests for the same cores. */
const TIMEOUT_MS = 1000;

const SERVERS = [
  { name: "the tests' own server", skip: SKIP, start: (folder: string) => ChildServer.start(SHIPPED, folder, ownServer(SHIPPED)) },
  {
    name: "MLServer", skip: SKIP === false ? NO_MLSERVER : SKIP,
    start: (folder: string) => {
      const repository = join(folder, "repository");
      writeRepository(SHIPPED, repository);
      return ChildServer.start(SHIPPED, folder, mlserver(repository));
    },
  },
];

for (const { name, skip, start } of SERVERS) {
  describe(`the arm on its way with plans from ${name}`, { skip, timeout: 600_000 }, () => {
    let folder: string;
    let server: ChildServer;
    let rig: Rig;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "jepa-mpc-remote-"));
      server = await start(folder);
      rig = await Rig.start(graphEnv());
    });

    after(async () => {
      await rig?.close();
      await server?.kill();
      await rm(folder, { recursive: true, force: true });
    });

    const setup = (): MotionFault["setup"] => ({ parameters: { inference_server: server.address, inference_timeout_ms: TIMEOUT_MS } });

    async function run(fault: MotionFault): Promise<void> {
      const outcome = await runFault(rig, fault, { slack: SLACK, judgeAcceleration: false });
      assert.deepEqual(outcome.problems, [], JSON.stringify({ ...outcome, fault: undefined }));
    }

    it("holds with the reason when the server is killed, and goes on when it is back", () => run({
      kind: "in_motion", name: "inference-killed", what: "the inference server is killed", setup: setup()!,
      inject: () => server.kill(), heal: () => server.run(),
      expect: ["inference_unavailable"], says: /Holding: the inference server grpc:\S+ cannot be reached \(.+\)\./, withinS: 1, recovery: "by itself",
    }));

    it("holds with the reason when the server hangs, and goes on when it answers again", () => run({
      kind: "in_motion", name: "inference-suspended", what: "the inference server is suspended", setup: setup()!,
      inject: () => { server.signal("SIGSTOP"); }, heal: () => { server.signal("SIGCONT"); }, lastsS: 6,
      expect: ["inference_unavailable", "plan_late"], says: /Holding: the inference server grpc:\S+ gave no answer about arm-objects-jepa-\w+(?: in version \d+)? within \d+ ms\./, withinS: 2, recovery: "by itself",
    }));
  });
}
