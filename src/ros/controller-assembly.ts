import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { WorkerPlanningService } from "../control/worker-planning-service.js";
import { createPlanner, withBundleSearch } from "../control/planner-config.js";
import { restActionOf } from "../control/rest-action.js";
import { surpriseReference } from "../control/surprise-reference.js";
import { checkCalibration, readCalibration, turnOf } from "../calibration/index.js";
import { CORES_PATTERN } from "../control/thread-placement.js";
import { createActionSpace } from "../robot/action-space.js";
import { TOOL_DOWN } from "../robot/fr3.js";
import { RobotModel } from "../robot/model.js";
import { TurnedActions } from "../robot/turned-actions.js";
import { Adapter, adaptedAxes } from "../adaptation/index.js";
import { memoryDir } from "../memory/memory-dir.js";
import { CommandPipeline } from "../safety/command-pipeline.js";
import { SurpriseMonitor } from "../surprise/index.js";
import { bundleIdentity, checkProvider, readManifest } from "../world-model/index.js";
import { LearnedState } from "./learned-state.js";
import { locate } from "./locate.js";
import { createNodeGuards, keepOutEntries, workspaceOf, zonesForTheTool } from "./node-guards.js";
import { objectiveTerms, planTerms } from "./objective-terms.js";
import { accelerationParameter, jerkParameter, velocityParameter } from "./parameters.js";

import type { ControllerOptions } from "../control/controller-options.js";
import type { PlannerConfig } from "../control/planner-config.js";
import type { ThreadPlacement } from "../control/thread-placement.js";
import type { Objective } from "../planner/index.js";
import type { Turn } from "../robot/frame-turn.js";
import type { ActionSpace, JointLimits } from "../robot/types.js";
import type { InferenceOptions, Manifest, OnnxRuntimeOptions } from "../world-model/index.js";
import type { ControllerParameters } from "./parameters.js";

/** Share of a period that encoding and planning may take. */
const DEADLINE_SHARE = 0.8;

/** Elites of a search whose samples are given, where they are enough. */
const DEFAULT_ELITES = 10;

/** What the parameters make of a controller: all but the connections to the outside. */
export interface Assembly {
  readonly manifest: Manifest;
  readonly planning: WorkerPlanningService;
  readonly robot: RobotModel;
  /** Limits of the joints as they are kept, in their order. */
  readonly limits: readonly JointLimits[];
  /** How the model's axes lie in the base frame, where `camera_calibration` says it. */
  readonly turn?: Turn | undefined;
  /** What was learned of the robot, where the bundle says what its numbers mean. */
  readonly learned?: LearnedState | undefined;
  readonly options: Omit<ControllerOptions, "ports" | "clock" | "planning">;
}

/**
 * Loads robot and model as the parameters say. This is the slow part of the node's start.
 *
 * @param urdf text of the robot's description. @param deadlineMs the newest `planner.deadline_ms`. @param onCrash told when the planning worker died.
 * @param live the parameters as they are now, for those that may change while the node runs, where to say that something has no effect or is left out, and the
 *   full name of the camera's topic.
 * @throws Error with one line that names the parameter, file or field at fault.
 */
export async function assembleController(
  p: ControllerParameters, jointLimits: Readonly<Record<string, number>>, urdf: string, deadlineMs: () => number,
  onCrash: (sentence: string) => void, live: { newest(): ControllerParameters; warn(sentence: string): void; cameraTopic: string },
): Promise<Assembly> {
  const bundleDirectory = locate("bundle", p.bundle);
  const manifest = await readManifest(bundleDirectory);
  const planner = plannerConfig(p, manifest);
  const robot = await RobotModel.fromUrdf(urdf, { baseLink: p.base_link, toolLink: p.tool_link, jointNames: p.joints });
  const turn = await calibratedTurn(p, manifest, live);
  const baseActions = actionSpaceOf(p, manifest, robot);
  const actionSpace = turn === undefined ? baseActions : new TurnedActions(baseActions, manifest, turn);
  const limits = robot.limits.map((joint) => tightened(joint, jointLimits));
  const entries = await keepOutEntries(p);
  const pipeline = new CommandPipeline(limits, {
    guards: await createNodeGuards(p, urdf, robot, entries, (sentence) => { live.warn(sentence); }),
    gripperJoints: [p["gripper.joint"]],
    armMargin: p["safety.position_margin"],
    trackingTolerance: p["safety.tracking_tolerance"],
  });
  const objective = await objectiveTerms(p, manifest, robot, zonesForTheTool(entries));
  const planDeadlineMs = (): number => {
    const ms = deadlineMs();
    return ms > 0 ? ms : DEADLINE_SHARE * 1000 * manifest.action.period_s;
  };
  const inference = inferenceOf(p, planDeadlineMs());
  const planning = await WorkerPlanningService.start({
    bundleDirectory, planner, terms: objective.config, ...runningOf(p), onCrash, ...(turn === undefined ? {} : { turn }), onWarning: (sentence) => { live.warn(sentence); },
    ...(inference === undefined ? {} : { inference }), ...(p["memory.recall"] ? { memoryDir: memoryDir(p["memory.dir"]) } : {}),
  });
  const { adapter, learned } = await adapterOf(p, manifest, live);
  return {
    manifest, planning, robot, limits, turn, learned,
    options: {
      actionSpace, pipeline,
      periodS: manifest.action.period_s,
      reachedBelow: p.goal_tolerance > 0 ? p.goal_tolerance : manifest.energy.reached_below,
      restAction: restActionOf(manifest, p["gripper.max_joint"] * p["gripper.opening_per_joint"]),
      cameraTimeoutS: p.camera_timeout_s,
      jointTimeoutS: p.joint_states_timeout_s,
      retryAttemptLimit: p.retry_attempt_limit,
      seed: p["planner.seed"],
      planTerms: planTerms(objective, robot, planning.model.givesStates === true, () => live.newest(), (sentence) => { live.warn(sentence); }),
      ...surpriseOf(p, manifest),
      ...(adapter === undefined ? {} : {
        adapter,
        adapting: () => live.newest()["adaptation.enabled"],
        goalsBeforeCameraMoved: () => live.newest()["adaptation.old_goals"],
      }),
      ...(manifest.planning?.exploration_floor === undefined ? {} : { explorationFloor: manifest.planning.exploration_floor }),
      // Asked for at every plan, so that the parameter is a dynamic one.
      get planDeadlineMs(): number {
        return planDeadlineMs();
      },
    },
  };
}

/** What the parameter `camera_calibration` says of the model's axes; undefined when it is empty. */
async function calibratedTurn(p: ControllerParameters, manifest: Manifest, live: { warn(sentence: string): void; readonly cameraTopic: string }): Promise<Turn | undefined> {
  if (p.camera_calibration === "") {
    if (manifest.action.frame === "camera") live.warn(`the x and y of ${manifest.name} go with the camera, and camera_calibration is empty: unless the camera stands as in its training, calibrate it (jepa-mpc calibrate)`);
    return undefined;
  }
  const file = locate("parameter camera_calibration", p.camera_calibration);
  const calibration = await readCalibration(file);
  checkCalibration(calibration, file, bundleIdentity(manifest), live.cameraTopic);
  return turnOf(calibration);
}

/** How and where the planner's threads run the model. */
function runningOf(p: ControllerParameters): { running: OnnxRuntimeOptions; placement: ThreadPlacement } {
  try {
    checkProvider(p.execution_provider);
  } catch (error) {
    throw new Error(`parameter execution_provider: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const cores = p["planner.cores"];
  if (cores !== "" && !CORES_PATTERN.test(cores)) {
    throw new Error(`parameter planner.cores must be numbers and ranges between commas, such as 1 or 2-3,6, not ${JSON.stringify(cores)}`);
  }
  const niceness = p["planner.niceness"];
  return {
    running: { provider: p.execution_provider, threads: p.threads, spinning: p.thread_spinning },
    placement: { ...(cores === "" ? {} : { cores }), ...(niceness === 0 ? {} : { niceness }) },
  };
}

function inferenceOf(p: ControllerParameters, planDeadlineMs: number): InferenceOptions | undefined {
  if (p.inference_server === "") return undefined;
  const certificates = p.inference_root_certificates;
  return {
    server: p.inference_server,
    timeoutMs: p.inference_timeout_ms > 0 ? p.inference_timeout_ms : planDeadlineMs,
    allowPlainText: p.inference_insecure,
    ...(certificates === "" ? {} : { rootCertificates: locate("inference_root_certificates", certificates) }),
  };
}

function surpriseOf(p: ControllerParameters, manifest: Manifest): { surprise?: SurpriseMonitor } {
  const reference = p["surprise.enabled"] ? surpriseReference(manifest) : undefined;
  if (reference === undefined) return {};
  const frames = p["surprise.frames"];
  return { surprise: new SurpriseMonitor(reference, { factor: p["surprise.factor"], ...(frames > 0 ? { frames } : {}) }) };
}

/** Made whether or not it is enabled: that may change while the node runs. */
async function adapterOf(
  p: ControllerParameters, manifest: Manifest, live: { warn(sentence: string): void },
): Promise<{ adapter?: Adapter; learned?: LearnedState }> {
  const axes = adaptedAxes(manifest);
  if (axes.length === 0) {
    if (p["adaptation.enabled"]) live.warn(`adaptation.enabled has no effect: ${manifest.name} does not say which numbers of its latent are the tool's place`);
    return {};
  }
  const { encoderSha256, rolloutSha256 } = bundleIdentity(manifest);
  const adapter = new Adapter(axes, manifest.latent.shape[0]!);
  const learned = await LearnedState.load({
    adapter, warn: (sentence) => { live.warn(sentence); },
    file: p["adaptation.file"] === "" ? join(memoryDir(p["memory.dir"]), "adaptation.json") : p["adaptation.file"],
    to: {
      encoderSha256, rolloutSha256,
      ...(p.camera_calibration === "" ? {} : { calibration: await readFile(locate("parameter camera_calibration", p.camera_calibration), "utf8") }),
    },
  });
  return { adapter, learned };
}

function actionSpaceOf(p: ControllerParameters, manifest: Manifest, robot: RobotModel): ActionSpace {
  const gripper = p.joints.indexOf(p["gripper.joint"]);
  if (gripper < 0) {
    throw new Error(`parameter gripper.joint "${p["gripper.joint"]}" is not one of joints (${p.joints.join(", ")})`);
  }
  if (p.posture.length !== p.joints.length) {
    throw new Error(`parameter posture has ${p.posture.length} values for ${p.joints.length} joints`);
  }
  try {
    return createActionSpace(robot, manifest, {
      workspace: workspaceOf(p),
      toolRotation: TOOL_DOWN,
      posture: p.posture,
      positionMargin: p["safety.position_margin"],
      gripper: { joint: gripper, openingPerJoint: p["gripper.opening_per_joint"], maxJoint: p["gripper.max_joint"] },
    });
  } catch (error) {
    throw new Error(`bundle ${manifest.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function plannerConfig(p: ControllerParameters, manifest: Manifest): PlannerConfig {
  const bundleHorizon = manifest.horizon;
  const horizon = p["planner.horizon"] === 0 ? bundleHorizon : p["planner.horizon"];
  if (horizon > bundleHorizon) {
    throw new Error(`parameter planner.horizon must be at most the bundle's ${bundleHorizon}, not ${horizon}`);
  }
  const samples = p["planner.samples"];
  // Who asks for few samples alone wants as many elites as fit.
  const elites = p["planner.elites"] === 0 && samples !== 0 ? Math.max(2, Math.min(DEFAULT_ELITES, Math.floor(samples / 2))) : p["planner.elites"];
  const given = {
    ...(samples === 0 ? {} : { candidates: samples }),
    ...(p["planner.iterations"] === 0 ? {} : { iterations: p["planner.iterations"] }),
    ...(elites === 0 ? {} : { elites }),
    ...(p["planner.refinement"] < 0 ? {} : { refinement: { iterations: p["planner.refinement"] } }),
    agreement: p["planner.agreement"],
    ...objectiveOf(p["planner.objective"], horizon, bundleHorizon),
    seed: p["planner.seed"],
  };
  const method = p["planner.method"] as PlannerConfig["kind"];
  const config = withBundleSearch(
    method === "mppi" ? { kind: method, options: { ...given, temperature: p["planner.temperature"] } } : { kind: method, options: given }, manifest);
  try {
    createPlanner(config);
  } catch (error) {
    throw new Error(`parameters planner.samples, planner.elites and planner.iterations do not fit together: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return config;
}

/** The graph always rolls out the bundle's whole horizon; a shorter one ignores the energies of the last steps. */
function objectiveOf(chosen: string, horizon: number, bundleHorizon: number): { objective?: Objective } {
  if (chosen === "bundle" && horizon === bundleHorizon) return {};
  const weights = Array.from({ length: bundleHorizon }, (_, step) => step < horizon && (chosen !== "final" || step === horizon - 1) ? 1 : 0);
  return { objective: { kind: "weights", weights } };
}

/** Parameters can make limits tighter than the URDF's, never wider. */
function tightened(limits: JointLimits, overrides: Readonly<Record<string, number>>): JointLimits {
  const smaller = (urdf: number, name: string): number => {
    const override = overrides[name] ?? 0;
    return override > 0 ? Math.min(urdf, override) : urdf;
  };
  return {
    ...limits,
    maxVelocity: smaller(limits.maxVelocity, velocityParameter(limits.name)),
    maxAcceleration: smaller(limits.maxAcceleration, accelerationParameter(limits.name)),
    maxJerk: smaller(limits.maxJerk, jerkParameter(limits.name)),
  };
}
