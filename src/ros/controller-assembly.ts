import { WorkerPlanningService } from "../control/worker-planning-service.js";
import { createPlanner, withBundleSearch } from "../control/planner-config.js";
import { eeDeltaRestAction, zeroRestAction } from "../control/rest-action.js";
import { surpriseReference } from "../control/surprise-reference.js";
import { eeActions, restsAtZero } from "../robot/ee-actions.js";
import { TOOL_DOWN } from "../robot/fr3.js";
import { RobotModel } from "../robot/model.js";
import { CommandPipeline } from "../safety/command-pipeline.js";
import { SurpriseMonitor } from "../surprise/index.js";
import { readManifest } from "../world-model/index.js";
import { locate } from "./locate.js";
import { createNodeGuards, keepOutEntries, workspaceOf, zonesForTheTool } from "./node-guards.js";
import { objectiveTerms, planTerms } from "./objective-terms.js";
import { accelerationParameter, jerkParameter, velocityParameter } from "./parameters.js";

import type { ControllerOptions } from "../control/controller-options.js";
import type { PlannerConfig } from "../control/planner-config.js";
import type { Objective } from "../planner/index.js";
import type { ActionSpace, JointLimits } from "../robot/types.js";
import type { Manifest } from "../world-model/index.js";
import type { ControllerParameters } from "./parameters.js";

/** Share of a period that encoding and planning may take. */
const DEADLINE_SHARE = 0.8;

/** Elites of a search whose samples are given, where they are enough. */
const DEFAULT_ELITES = 10;

/** What the parameters make of a controller: all but the connections to the outside. */
export interface Assembly {
  readonly manifest: Manifest;
  readonly planning: WorkerPlanningService;
  /** Limits of the joints as they are kept, in their order. */
  readonly limits: readonly JointLimits[];
  readonly options: Omit<ControllerOptions, "ports" | "clock" | "planning">;
}

/**
 * Loads robot and model as the parameters say. This is the slow part of the node's start.
 *
 * @param urdf text of the robot's description. @param deadlineMs the newest `planner.deadline_ms`. @param onCrash told when the planning worker died.
 * @param live the parameters as they are now, for those that may change while the node runs, and where to say that something has no effect or is left out.
 * @throws Error with one line that names the parameter, file or field at fault.
 */
export async function assembleController(
  p: ControllerParameters, jointLimits: Readonly<Record<string, number>>, urdf: string, deadlineMs: () => number,
  onCrash: (sentence: string) => void, live: { newest(): ControllerParameters; warn(sentence: string): void },
): Promise<Assembly> {
  const bundleDirectory = locate("bundle", p.bundle);
  const manifest = await readManifest(bundleDirectory);
  const planner = plannerConfig(p, manifest);
  const robot = await RobotModel.fromUrdf(urdf, { baseLink: p.base_link, toolLink: p.tool_link, jointNames: p.joints });
  const actionSpace = createActionSpace(p, manifest, robot);
  const limits = robot.limits.map((joint) => tightened(joint, jointLimits));
  const entries = await keepOutEntries(p);
  const pipeline = new CommandPipeline(limits, {
    guards: await createNodeGuards(p, urdf, robot, entries, (sentence) => { live.warn(sentence); }),
    gripperJoints: [p["gripper.joint"]],
    armMargin: p["safety.position_margin"],
    trackingTolerance: p["safety.tracking_tolerance"],
  });
  const objective = await objectiveTerms(p, manifest, robot, zonesForTheTool(entries));
  const planning = await WorkerPlanningService.start({ bundleDirectory, planner, terms: objective.config, threads: p.threads, onCrash });
  return {
    manifest, planning, limits,
    options: {
      actionSpace, pipeline,
      periodS: manifest.action.period_s,
      reachedBelow: p.goal_tolerance > 0 ? p.goal_tolerance : manifest.energy.reached_below,
      restAction: restsAtZero(manifest) ? zeroRestAction(manifest.action.names.length) : eeDeltaRestAction({
        actionNames: manifest.action.names, stateNames: manifest.state.names,
        fullOpeningM: p["gripper.max_joint"] * p["gripper.opening_per_joint"],
      }),
      cameraTimeoutS: p.camera_timeout_s,
      jointTimeoutS: p.joint_states_timeout_s,
      retryAttemptLimit: p.retry_attempt_limit,
      seed: p["planner.seed"],
      planTerms: planTerms(objective, robot, planning.model.givesStates === true, () => live.newest(), (sentence) => { live.warn(sentence); }),
      ...surpriseOf(p, manifest),
      ...(manifest.planning?.exploration_floor === undefined ? {} : { explorationFloor: manifest.planning.exploration_floor }),
      // Asked for at every plan, so that the parameter is a dynamic one.
      get planDeadlineMs(): number {
        const ms = deadlineMs();
        return ms > 0 ? ms : DEADLINE_SHARE * 1000 * manifest.action.period_s;
      },
    },
  };
}

function surpriseOf(p: ControllerParameters, manifest: Manifest): { surprise?: SurpriseMonitor } {
  const reference = p["surprise.enabled"] ? surpriseReference(manifest) : undefined;
  if (reference === undefined) return {};
  const frames = p["surprise.frames"];
  return { surprise: new SurpriseMonitor(reference, { factor: p["surprise.factor"], ...(frames > 0 ? { frames } : {}) }) };
}

function createActionSpace(p: ControllerParameters, manifest: Manifest, robot: RobotModel): ActionSpace {
  const { kind } = manifest.action;
  if (kind !== "ee_delta") {
    throw new Error(`bundle ${manifest.name}: actions of kind ${kind} cannot be executed yet; ee_delta can`);
  }
  const gripper = p.joints.indexOf(p["gripper.joint"]);
  if (gripper < 0) {
    throw new Error(`parameter gripper.joint "${p["gripper.joint"]}" is not one of joints (${p.joints.join(", ")})`);
  }
  if (p.posture.length !== p.joints.length) {
    throw new Error(`parameter posture has ${p.posture.length} values for ${p.joints.length} joints`);
  }
  try {
    return eeActions(robot, manifest, {
      workspace: workspaceOf(p),
      toolRotation: TOOL_DOWN,
      posture: p.posture,
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
    ...objectiveOf(p["planner.objective"], horizon, bundleHorizon),
    seed: p["planner.seed"],
  };
  const config = withBundleSearch({ kind: p["planner.method"] === "cem" ? "cem" : "icem", options: given }, manifest);
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
