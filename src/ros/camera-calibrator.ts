import { calibrateCamera, cameraCalibration, type CameraCalibration, describeCalibration, type Place } from "../calibration/index.js";
import { calibrationPorts } from "../control/calibration-ports.js";
import { zeroRestAction } from "../control/rest-action.js";
import { FrameTurn } from "../robot/frame-turn.js";
import { bundleIdentity } from "../world-model/index.js";
import { workspaceOf } from "./node-guards.js";

import type { Controller } from "../control/controller.js";
import type { VisitPlanning } from "../control/visit-planning.js";
import type { Turn } from "../robot/frame-turn.js";
import type { Assembly } from "./controller-assembly.js";
import type { DoneResponse } from "./messages.js";
import type { ControllerParameters } from "./parameters.js";
import type { RclLogger } from "./rclnodejs.js";

export interface CameraCalibratorOptions {
  readonly controller: Controller;
  readonly planning: VisitPlanning;
  readonly assembly: Pick<Assembly, "manifest" | "options" | "turn">;
  /** Full name, after remapping. */
  readonly cameraTopic: string;
  /** The parameters as they are now. */
  readonly parameters: () => ControllerParameters;
  /** Seconds on the clock of control. */
  readonly nowS: () => number;
  /** Why the robot cannot be moved now, or undefined. */
  readonly whyNot: () => string | undefined;
  readonly log: RclLogger;
}

/** How often the robot is looked at while it moves, ms. */
const LOOK_EVERY_MS = 20;

/** The vertical that the model is turned about: through the middle of the workspace, so that proprioception stays where the model knows it. x and y, m. */
export function pivotOf(p: ControllerParameters): [number, number] {
  const { low, high } = workspaceOf(p);
  return [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
}

/** The service ~/calibrate_camera: moves the robot through the controller, and answers with the calibration as JSON. It writes nothing and changes nothing. */
export class CameraCalibrator {
  readonly #options: CameraCalibratorOptions;
  #running = false;

  constructor(options: CameraCalibratorOptions) {
    this.#options = options;
  }

  /** @throws Error with a sentence when it cannot be done; the robot holds then. */
  async calibrate(): Promise<DoneResponse> {
    const { controller, log } = this.#options;
    const { state, sentence } = controller.status;
    const busy = this.#running ? "a calibration is under way" : this.#options.whyNot() ?? (state === "idle" || state === "reached" ? undefined : sentence);
    if (busy !== undefined) throw new Error(`no calibration now: ${busy}`);
    this.#running = true;
    try {
      const calibration = await this.#run();
      for (const line of describeCalibration(calibration)) log.info(line);
      return { success: true, message: JSON.stringify(calibration) };
    } finally {
      this.#running = false;
    }
  }

  async #run(): Promise<CameraCalibration> {
    const { controller, planning, assembly, cameraTopic, parameters, nowS, log } = this.#options;
    const p = parameters();
    const { manifest, options, turn } = assembly;
    const pivotM = pivotOf(p);
    const result = await calibrateCamera({ middle: this.#middle(p, turn), radiusM: p["calibrate.radius_m"], moves: p["calibrate.moves"] }, calibrationPorts({
      controller, planning, model: manifest, actionSpace: options.actionSpace, present: turn, pivotM,
      restAction: options.restAction ?? zeroRestAction(manifest.action.names.length),
      clock: nowS, wait: () => new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); }),
      // Any picture that is fresh then was taken when the robot stood already.
      settleS: p.camera_timeout_s + 0.2,
      say: (line) => { log.info(`calibrating the camera: ${line}`); },
    }));
    return cameraCalibration(result, { bundle: bundleIdentity(manifest), cameraTopic, created: new Date().toISOString(), pivotM });
  }

  /** Where the tool is, or as near to it as lets the whole circle lie in the workspace. */
  #middle(p: ControllerParameters, turn: Turn | undefined): Place {
    const { controller, assembly: { manifest, options } } = this.#options;
    const joints = controller.freshJoints;
    if (joints === undefined) throw new Error(`no fresh joint state (${controller.status.sentence})`);
    const state = options.actionSpace.state(joints);
    const base = turn === undefined ? state : new FrameTurn(manifest.state.names, turn).toBase(state);
    const { low, high } = workspaceOf(p);
    const margin = p["calibrate.radius_m"];
    const within = (axis: 0 | 1 | 2, room: number): number => {
      const [from, to] = [low[axis] + room, high[axis] - room];
      return from > to ? (from + to) / 2 : Math.min(to, Math.max(from, base[manifest.state.names.indexOf(`ee_${"xyz"[axis]!}`)]!));
    };
    return [within(0, margin), within(1, margin), within(2, 0)];
  }
}
