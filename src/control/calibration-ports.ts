import { type CalibrationPorts, inferMove, longestMove, type MoveModel, type Place } from "../calibration/index.js";
import { FrameTurn, type Turn } from "../robot/frame-turn.js";
import type { ActionSpace } from "../robot/types.js";
import type { Controller } from "./controller.js";
import type { RestAction } from "./rest-action.js";
import { ToolVisits, type ToolVisitsOptions } from "./tool-visits.js";

/** What of a bundle's manifest a calibration needs. */
export interface CalibratedModel extends MoveModel {
  readonly state: { readonly names: readonly string[] };
}

export interface CalibrationPortsOptions extends ToolVisitsOptions {
  readonly model: CalibratedModel;
  /** The controller's. */
  readonly actionSpace: ActionSpace;
  readonly restAction: RestAction;
  /** The turn that the action space has already, where the robot was calibrated before. */
  readonly present?: Turn | undefined;
  /** Where the vertical that the model is turned about goes through, base frame, m. */
  readonly pivotM: readonly [number, number];
  readonly say: (line: string) => void;
}

/** A picture at rest. */
export interface SeenAtRest {
  readonly latent: Float32Array;
  /** Proprioception in the base frame. */
  readonly state: Float32Array;
}

/** Calibration by a controller: moves are goals of it, what is seen is its newest picture, and the model is asked through its planning service. */
export function calibrationPorts(options: CalibrationPortsOptions): CalibrationPorts<SeenAtRest> {
  const { controller, planning, model, actionSpace, restAction, present, pivotM, say } = options;
  const visits = new ToolVisits(options);
  const toModel = (values: Float32Array, names: readonly string[], turn: Turn | undefined): Float32Array =>
    turn === undefined ? values : new FrameTurn(names, turn).toModel(values);
  return {
    say,
    longestMoveM: longestMove(model),
    goTo: (place, name) => visits.goTo(Array.from(toModel(Float32Array.from(place), ["ee_x", "ee_y", "ee_z"], present)), name),
    look: async () => {
      const seen = atRest(controller);
      const { latent } = await planning.look(seen.image);
      const framed = actionSpace.state(seen.joints);
      const state = present === undefined ? framed : new FrameTurn(model.state.names, present).toBase(framed);
      return { place: placeOf(state, model.state.names), seen: { latent, state } };
    },
    infer: async (before, after, distanceM, angleRad) => {
      if (planning.score === undefined) throw new Error("this planning service scores no sequences, so the model cannot be asked what it takes a move for");
      const { score } = planning;
      const state = toModel(before.state, model.state.names, { angleRad, pivotM });
      return inferMove(model, {
        distanceM, rest: restAction(state),
        score: (actions, count) => score({ latent: before.latent, state, actions, count, goal: after.latent }),
      });
    },
    hold: () => { visits.end(); },
  };
}

/** @throws Error with a sentence when there is no fresh picture or joint state. */
function atRest({ freshImage: image, freshJoints: joints, status }: Controller): { image: NonNullable<Controller["freshImage"]>; joints: NonNullable<Controller["freshJoints"]> } {
  if (image === undefined || joints === undefined) throw new Error(`no fresh ${image === undefined ? "picture" : "joint state"} of the robot at rest (${status.sentence})`);
  return { image, joints };
}

function placeOf(state: Float32Array, names: readonly string[]): Place {
  const [x, y, z] = ["ee_x", "ee_y", "ee_z"].map((name) => state[names.indexOf(name)]!);
  return [x!, y!, z!];
}
