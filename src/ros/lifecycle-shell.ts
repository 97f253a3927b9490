import { oneLine } from "./ros-node.js";

import type { ChangeStateRequest, RclLifecycleNode, RclResponse } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** lifecycle_msgs/State and Transition numbers that are needed here. */
const UNCONFIGURED = 1;
const INACTIVE = 2;
const ACTIVE = 3;
const TRANSITION_CONFIGURE = 1;
const TRANSITION_CLEANUP = 2;
const TRANSITION_ACTIVE_SHUTDOWN = 7;

/**
 * What the node does on its way through the lifecycle. A step that throws fails its transition, with the reason in the log: configure
 * and activate lead back to where they began; deactivate, cleanup and shutdown to "unconfigured", after all has been undone.
 */
export interface LifecycleSteps {
  /** The slow part of configure: reads files, loads the model. */
  prepare(): Promise<void>;
  /** Creates publishers, subscriptions and services from what `prepare` made. */
  configure(): void;
  activate(): void;
  /** Must leave the robot holding, and bear being called twice. */
  deactivate(): void;
  /** Resolves when the robot stands and its last command has left: only then may the way to it be taken down. Never rejects. */
  settled(): Promise<void>;
  /** Undoes `configure` and `prepare`; bears being called twice. */
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
    const { SUCCESS, FAILURE, ERROR } = node.rcl.lifecycle.CallbackReturnCode;
    const step = (name: string, run: () => void, failed: number) => () => {
      try {
        run();
        return SUCCESS;
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        node.log.fatal(`${name} failed: ${oneLine(error)}`);
        return failed;
      }
    };
    const lifecycle = this.#lifecycle;
    lifecycle.registerOnConfigure(step("configure", () => {
      if (this.#preparation !== undefined) {
        throw this.#preparation;
      }
      steps.configure();
    }, FAILURE));
    lifecycle.registerOnActivate(step("activate", () => {
      try {
        steps.activate();
      } catch (error) {
        // Half of it may have been done.
        steps.deactivate();
        throw error;
      }
    }, FAILURE));
    lifecycle.registerOnDeactivate(step("deactivate", () => { steps.deactivate(); }, ERROR));
    lifecycle.registerOnCleanup(step("cleanup", () => { steps.cleanup(); }, ERROR));
    lifecycle.registerOnShutdown(step("shutdown", () => { this.#leave(); }, ERROR));
    // Once more, and both whatever the other does: a robot that goes on would be the worst of all.
    lifecycle.registerOnError(() => {
      const undone = [step("deactivate after an error", () => { steps.deactivate(); }, FAILURE)(), step("cleanup after an error", () => { steps.cleanup(); }, FAILURE)()];
      return undone.includes(FAILURE) ? FAILURE : SUCCESS;
    });

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
    const asks = (name: string, number: number): boolean => label === name || (label === "" && id === number);
    const state = this.#lifecycle.currentState.id;
    this.#failure = undefined;
    if (asks("configure", TRANSITION_CONFIGURE) && state === UNCONFIGURED) {
      await this.#prepare();
    } else if (asks("shutdown", TRANSITION_ACTIVE_SHUTDOWN) && state === ACTIVE) {
      this.#node.guarded("deactivate before shutdown", () => { this.#steps.deactivate(); });
      await this.#steps.settled();
    } else if (asks("cleanup", TRANSITION_CLEANUP) && state === INACTIVE) {
      await this.#steps.settled();
    }
    // rclnodejs calls a transition done whose error was dealt with.
    const honest: typeof response = {
      template: response.template, send: ({ success }) => { response.send({ success: success && this.#failure === undefined }); },
    };
    try {
      change(request, honest);
    } catch (error) {
      // rclnodejs throws, and answers nothing, when the transition does not exist in the present state.
      this.#node.log.warn(`transition ${label === "" ? id : label} refused: ${oneLine(error)}`);
      this.#node.guarded("answer of change_state", () => { response.send({ success: false }); });
    }
  }
}
