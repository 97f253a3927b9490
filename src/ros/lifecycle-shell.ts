import { oneLine } from "./ros-node.js";

import type { ChangeStateRequest, RclLifecycleNode, RclResponse } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** lifecycle_msgs/State and Transition numbers that are needed here. */
const UNCONFIGURED = 1;
const INACTIVE = 2;
const ACTIVE = 3;
const TRANSITION_CONFIGURE = 1;

/** What the node does on its way through the lifecycle. A step that throws fails its transition. */
export interface LifecycleSteps {
  /** The slow part of configure: reads files, loads the model. */
  prepare(): Promise<void>;
  /** Creates publishers, subscriptions and services from what `prepare` made. */
  configure(): void;
  activate(): void;
  /** Must leave the robot holding. */
  deactivate(): void;
  /** Undoes `configure` and `prepare`. */
  cleanup(): void;
}

/**
 * The lifecycle of a ROS 2 managed node round synchronous steps.
 *
 * Transitions of rclnodejs are synchronous and loading a world model is not. So a configure request first runs `prepare`,
 * and the transition that follows takes its outcome as its own; the answer to the caller waits for both.
 */
export class LifecycleShell {
  readonly #node: RosNode;
  readonly #lifecycle: RclLifecycleNode;
  readonly #steps: LifecycleSteps;
  #preparation: Error | undefined;
  #failure: Error | undefined;
  #queue: Promise<void> = Promise.resolve();

  constructor(node: RosNode, steps: LifecycleSteps) {
    this.#node = node;
    this.#lifecycle = node.lifecycleNode;
    this.#steps = steps;
    const { SUCCESS, FAILURE } = node.rcl.lifecycle.CallbackReturnCode;
    const step = (name: string, run: () => void) => () => {
      try {
        run();
        return SUCCESS;
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        node.log.fatal(`${name} failed: ${oneLine(error)}`);
        return FAILURE;
      }
    };
    const lifecycle = this.#lifecycle;
    lifecycle.registerOnConfigure(step("configure", () => {
      if (this.#preparation !== undefined) {
        throw this.#preparation;
      }
      steps.configure();
    }));
    lifecycle.registerOnActivate(step("activate", () => { steps.activate(); }));
    lifecycle.registerOnDeactivate(step("deactivate", () => { steps.deactivate(); }));
    lifecycle.registerOnCleanup(step("cleanup", () => { steps.cleanup(); }));
    lifecycle.registerOnShutdown(step("shutdown", () => { this.#leave(); }));

    const change = lifecycle._onChangeState.bind(lifecycle);
    lifecycle._onChangeState = (request, response) => {
      // One after the other: a second request must not overtake a model that is still loading.
      this.#queue = this.#queue.then(() => this.#answer(request, response, change));
    };
  }

  get active(): boolean {
    return this.#lifecycle.currentState.id === ACTIVE;
  }

  get configured(): boolean {
    return this.#lifecycle.currentState.id === INACTIVE || this.active;
  }

  /** Configures and activates without being asked. @throws Error of the step that failed. */
  async autostart(): Promise<void> {
    const started = this.#queue.then(async () => {
      await this.#prepare();
      this.#failure = undefined;
      this.#lifecycle.configure();
      if (this.#failure === undefined) {
        this.#lifecycle.activate();
      }
      if (this.#failure !== undefined) {
        throw this.#failure as Error;
      }
    });
    this.#queue = started.catch(() => undefined);
    return started;
  }

  /** Runs the steps of leaving without telling the graph: the process is about to end. */
  #leave(): void {
    const state = this.#lifecycle.currentState.id;
    // Within the shutdown transition the state is already "shutting down", so both steps are made to bear being idle.
    if (state !== UNCONFIGURED) {
      this.#steps.deactivate();
      this.#steps.cleanup();
    }
  }

  async #prepare(): Promise<void> {
    this.#preparation = undefined;
    try {
      await this.#steps.prepare();
    } catch (error) {
      this.#preparation = error instanceof Error ? error : new Error(String(error));
    }
  }

  async #answer(
    request: ChangeStateRequest, response: RclResponse<{ success: boolean }>,
    change: (request: ChangeStateRequest, response: RclResponse<{ success: boolean }>) => void,
  ): Promise<void> {
    const { id, label } = request.transition;
    const configures = label === "configure" || (label === "" && id === TRANSITION_CONFIGURE);
    if (configures && this.#lifecycle.currentState.id === UNCONFIGURED) {
      await this.#prepare();
    }
    try {
      change(request, response);
    } catch (error) {
      // rclnodejs throws, and answers nothing, when the transition does not exist in the present state.
      this.#node.log.warn(`transition ${label === "" ? id : label} refused: ${oneLine(error)}`);
      this.#node.guarded("answer of change_state", () => { response.send({ success: false }); });
    }
  }
}
