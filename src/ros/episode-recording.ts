import { readFile } from "node:fs/promises";

import { EpisodeScribe } from "../memory/episode-scribe.js";
import { memoryDir } from "../memory/memory-dir.js";
import { Recorder } from "../memory/recorder.js";
import { bundleIdentity } from "../world-model/index.js";
import { locate } from "./locate.js";
import { LEVEL } from "./status-message.js";

import type { VisitPlanning } from "../control/visit-planning.js";
import type { ControllerStatus } from "../control/status.js";
import type { Witness } from "../control/witness.js";
import type { Assembly } from "./controller-assembly.js";
import type { DiagnosticStatusMessage } from "./messages.js";
import type { ControllerParameters } from "./parameters.js";
import type { RosNode } from "./ros-node.js";

/** A node's memory at work. */
export interface EpisodeRecording {
  readonly witness: Witness;
  /** To be told of every status. */
  said(status: ControllerStatus): void;
  /** For /diagnostics. */
  diagnostic(nodeName: string, hardwareId: string): DiagnosticStatusMessage;
  /** @param timeoutS how long to wait for the disk at most. */
  close(timeoutS: number): Promise<void>;
}

/** The calibration's text, where there is one: read when the node prepares, because configuring cannot wait. */
export async function calibrationText(p: ControllerParameters): Promise<string | undefined> {
  return p["memory.enabled"] && p.camera_calibration !== "" ? readFile(locate("parameter camera_calibration", p.camera_calibration), "utf8") : undefined;
}

/** Records the goals of a controller as the parameters say; undefined when they switch it off. @param clock the controller's, s. */
export function startRecording(
  p: ControllerParameters, { manifest }: Assembly, calibration: string | undefined, planning: VisitPlanning, ros: RosNode, clock: () => number,
): EpisodeRecording | undefined {
  if (!p["memory.enabled"]) return undefined;
  const dir = memoryDir(p["memory.dir"]);
  const recorder = new Recorder({
    dir, maxBytes: p["memory.max_gb"] * 1e9, warn: (sentence) => { ros.log.warn(sentence); }, info: (sentence) => { ros.log.info(sentence); },
  });
  const scribe = new EpisodeScribe({
    about: {
      source: ros.usesSimTime ? "simulation" : "robot",
      bundle: bundleIdentity(manifest),
      ...(calibration === undefined ? {} : { calibration }),
      periodS: manifest.action.period_s, actionNames: manifest.action.names, stateNames: manifest.state.names, jointNames: p.joints,
    },
    sink: recorder, clock,
    // The moves of a calibration do not go through the model.
    ignores: ({ subGoals }) => subGoals.some(({ latent }) => planning.isVisit(latent)),
  });
  ros.log.info(`recording episodes in ${dir}, up to ${p["memory.max_gb"]} GB; memory.enabled:=false switches it off`);
  return {
    witness: scribe,
    said: (status) => { scribe.said(status); },
    diagnostic: (nodeName, hardwareId) => {
      const { problem, episode, steps, dropped, waiting } = recorder.state;
      return {
        level: problem === undefined ? LEVEL.ok : LEVEL.warn,
        name: `${nodeName}: memory`,
        message: problem ?? (episode === undefined ? "Waiting for a goal." : `Recording ${episode}.`),
        hardware_id: hardwareId,
        values: [
          { key: "dir", value: dir }, { key: "steps", value: String(steps) }, { key: "dropped_steps", value: String(dropped) }, { key: "waiting_steps", value: String(waiting) },
        ],
      };
    },
    close: (timeoutS) => recorder.close(timeoutS),
  };
}
