import type { CommandPipeline } from "../src/safety/command-pipeline.js";
import type { SimWorld } from "./world.js";

/** Control period of the demo arm, s. */
export const PERIOD_S = 0.2;

/**
 * Executes one action for one period the way the controller node does: action space, safety, trajectory, physics.
 * After a hold (an arm pressed against something) the pipeline starts again from where the arm is.
 */
export function actuate(world: SimWorld, pipeline: CommandPipeline, action: Float32Array): void {
  const measured = world.jointState();
  const command = pipeline.command(world.actions.jointTargets(pipeline.setpoint.positions, action), PERIOD_S, measured);
  world.command.setTrajectory(command.trajectory, world.timeS);
  world.step(Math.round(PERIOD_S / world.timestepS));
  if (command.kind === "hold") pipeline.reset(world.jointState());
}
