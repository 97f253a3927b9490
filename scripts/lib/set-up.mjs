import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureBench } from "./bench-env.mjs";
import { ensureEmbeddedRos } from "./embedded-ros.mjs";
import { ensureInterfacePackage } from "./interface-package.mjs";
import { ensureNodePackages, ensureRclnodejs } from "./node-packages.mjs";
import { projectRoot } from "./paths.mjs";
import { ensureRay, ensureServing } from "./remote-envs.mjs";
import { isSourced, rosEnvironment } from "./ros-env.mjs";
import { run, say } from "./shell.mjs";
import { ensureTraining } from "./training-env.mjs";

const LOCK = join(projectRoot, ".setup.lock");

/** Everything a checkout needs, in order. Returns the ROS environment (see ros-env.mjs). */
export async function setUp({ training = false, bench = false, serving = false, ray = false, ros = true, build = true } = {}) {
  await lock();
  try {
    const startedMs = performance.now();
    const embedded = ros && !isSourced();
    const rosFingerprint = embedded ? ensureEmbeddedRos() : "";
    if (embedded) {
      ensureInterfacePackage(rosFingerprint);
    }
    ensureNodePackages();
    const environment = rosEnvironment();
    if (ros) {
      ensureRclnodejs(environment, rosFingerprint);
    }
    if (training) {
      ensureTraining();
    }
    if (bench) {
      ensureBench();
    }
    if (serving) {
      ensureServing();
    }
    if (ray) {
      ensureRay();
    }
    if (build) {
      compile();
    }
    const which = !ros ? "without ROS 2" : environment.kind === "sourced" ? `with the sourced ROS 2 ${environment.distro}` : "with the embedded ROS 2";
    say(`set up ${which} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
    return environment;
  } finally {
    rmSync(LOCK, { force: true });
  }
}

export function compile() {
  pruneCompiled();
  // The dashboard's page is for browsers: other libraries, other rules for modules.
  for (const project of ["tsconfig.json", "src/dashboard/page"]) {
    run(process.execPath, [join(projectRoot, "node_modules", "typescript", "bin", "tsc"), "-p", project], {
      cwd: projectRoot,
      advice: "the TypeScript does not compile",
    });
  }
}

/** Compiled files whose source is gone would go on being run, tests above all. */
function pruneCompiled() {
  for (const folder of ["src", "sim", "test", "bench"]) {
    const compiled = join(projectRoot, "dist", folder);
    const files = existsSync(compiled) ? readdirSync(compiled, { recursive: true }) : [];
    for (const file of files.filter((name) => /\.js(\.map)?$/.test(name))) {
      if (!existsSync(join(projectRoot, folder, file.replace(/\.js(\.map)?$/, ".ts")))) {
        rmSync(join(compiled, file));
      }
    }
  }
}

/** Two set-ups of one checkout wait for each other. */
async function lock() {
  let said = false;
  for (;;) {
    try {
      const file = openSync(LOCK, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") {
        throw error;
      }
    }
    if (!holderLives()) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!said) {
      say("waiting for another set-up of this checkout");
      said = true;
    }
    await sleep(300);
  }
}

function holderLives() {
  try {
    const pid = Number(readFileSync(LOCK, "utf8"));
    // An empty file is a holder that has not written its id yet.
    if (pid > 0) {
      process.kill(pid, 0);
    }
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
