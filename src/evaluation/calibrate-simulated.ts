import { RayCastCamera } from "../../sim/camera.js";
import { CAMERA_PIVOT_M, drawEnvironment, type EnvironmentFamily, evaluationRoomSeed, turnCamera } from "../../sim/environments/index.js";
import { cameraSide } from "../../sim/picture-size.js";
import { FIRST_HELD_OUT_SEED } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { calibrateCamera, type CalibrationOptions, type CalibrationResult } from "../calibration/index.js";
import { calibrationPorts } from "../control/calibration-ports.js";
import { Controller } from "../control/controller.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner } from "../control/planner-config.js";
import { eeDeltaRestAction } from "../control/rest-action.js";
import { VisitPlanning } from "../control/visit-planning.js";
import { FR3_FULL_OPENING_M, FR3_WORKSPACE } from "../robot/fr3.js";
import { CommandPipeline } from "../safety/command-pipeline.js";
import { OnnxWorldModel } from "../world-model/index.js";
import { defaultGuards } from "./default-guards.js";

export interface SimulatedCalibrationOptions extends Omit<CalibrationOptions, "middle"> {
  readonly bundleDirectory: string;
  /** How far the camera stands round the workspace, rad. */
  readonly cameraTurnRad: number;
  /** Of the scene, from 0; no scene is one of training. */
  readonly seed: number;
  /** Default: the plain room. */
  readonly environment?: EnvironmentFamily;
  readonly say?: (line: string) => void;
}

/** The vertical that a calibration in the simulator turns the model about. */
export const SIMULATED_PIVOT_M = CAMERA_PIVOT_M;

/** Above cube and cup, m. */
const HEIGHT_M = 0.2;
/** The newest picture is one period old, s. */
const SETTLE_S = 0.6;
/** Looks at the motion a period, as the node has them at 50 Hz. */
const CYCLES = 10;

/**
 * Calibrates in the simulator with the controller as the node has it, in lock step.
 *
 * @throws TurnRefused and errors as calibrateCamera() does; BundleError when the bundle does not hold what it says.
 */
export async function calibrateSimulated({ bundleDirectory, cameraTurnRad, seed, environment = "plain", say = () => undefined, ...options }: SimulatedCalibrationOptions): Promise<CalibrationResult> {
  const model = await OnnxWorldModel.load(bundleDirectory, { threads: 1 });
  const world = await SimWorld.create();
  try {
    const { action, state, energy, image } = model.manifest;
    world.dress(turnCamera(drawEnvironment(environment, evaluationRoomSeed(seed)), cameraTurnRad));
    world.reset(FIRST_HELD_OUT_SEED + seed);
    const camera = new RayCastCamera(world, { width: cameraSide(image.width), height: cameraSide(image.height) });
    const planning = new VisitPlanning(new InThreadPlanningService({
      model, planner: createPlanner({ kind: "icem" }), bounds: { low: Float32Array.from(action.low), high: Float32Array.from(action.high) },
    }), { actionNames: action.names, high: action.high, stateNames: state.names });
    const restAction = eeDeltaRestAction({ actionNames: action.names, stateNames: state.names, fullOpeningM: FR3_FULL_OPENING_M });
    const controller = new Controller({
      actionSpace: world.actions, planning, restAction,
      pipeline: new CommandPipeline(world.robot.limits, { guards: await defaultGuards(world) }),
      ports: { sendTrajectory: (trajectory) => { world.command.setTrajectory(trajectory, world.timeS); }, publishStatus: () => undefined },
      clock: () => world.timeS, periodS: action.period_s, reachedBelow: energy.reached_below, planDeadlineMs: Infinity,
    });
    const stepsPerCycle = Math.round(action.period_s / world.timestepS / CYCLES);
    const wait = async (): Promise<void> => {
      controller.onImage(camera.rgb(), world.timeS + 1);
      controller.onJointState(world.jointState(), world.timeS + 1);
      controller.tick();
      await controller.settled();
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        world.step(stepsPerCycle);
        controller.cycle();
      }
    };
    const ports = calibrationPorts({
      controller, planning, model: model.manifest, actionSpace: world.actions, restAction, pivotM: CAMERA_PIVOT_M, say, wait, clock: () => world.timeS,
      settleS: SETTLE_S,
    });
    const { low, high } = FR3_WORKSPACE;
    return await calibrateCamera({ ...options, middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, HEIGHT_M] }, ports);
  } finally {
    await model.close();
    world.dispose();
  }
}
