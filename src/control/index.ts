export { Controller } from "./controller.js";
export type { ControllerGoal, ControllerOptions, ControllerPorts } from "./controller-options.js";
export { InThreadPlanningService, type InThreadPlanningOptions } from "./in-thread-planning-service.js";
export { createPlanner, type PlannerConfig } from "./planner-config.js";
export type { ModelShape, PlanningService, PlanRequest, PlanResult, PlanTerms } from "./planning-service.js";
export { eeDeltaRestAction, restActionOf, zeroRestAction, type RestAction } from "./rest-action.js";
export type { ControllerState, ControllerStatus } from "./status.js";
export { WorkerPlanningService, type WorkerPlanningOptions } from "./worker-planning-service.js";
