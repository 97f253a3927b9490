import { mended } from "./mended-node.js";
import { NodeParameters } from "./node-parameters.js";
import { overriddenQos, qosOverrideParameters } from "./qos-overrides.js";
import { loadRclnodejs } from "./rclnodejs.js";

import type { ServiceSpec, TopicSpec } from "./interface-spec.js";
import type { QosName } from "./qos.js";
import type { Endpoint } from "./qos-overrides.js";
import type {
  RclActionCallbacks, RclActionClient, RclClient, RclLifecycleNode, RclLogger, Rclnodejs, RclNode, RclPublisher, RclQoS, RclSubscription, RosTime,
} from "./rclnodejs.js";

/** How long the background thread waits for events in one go, ms; creating entities can take as long. */
const SPIN_MS = 10;

export interface RosNodeOptions {
  /** Whole argument list with `--ros-args`. */
  readonly argv: string[];
  readonly lifecycle: boolean;
}

/**
 * A ROS node with the edges of rclnodejs covered: every callback is guarded here and nowhere else, so that an exception
 * in one is a log line and not the end of the process.
 */
export class RosNode {
  readonly rcl: Rclnodejs;
  readonly parameters: NodeParameters;
  readonly #node: RclNode;
  readonly #disposers: (() => void)[] = [];
  #closed = false;

  /** @throws RosUnavailable with one line when ROS 2 cannot be used in this environment. */
  static async create(name: string, options: RosNodeOptions): Promise<RosNode> {
    const rcl = await loadRclnodejs();
    await rcl.init(rcl.Context.defaultContext(), options.argv);
    const NodeClass = mended(rcl, options.lifecycle ? rcl.lifecycle.LifecycleNode : rcl.Node);
    return new RosNode(rcl, new NodeClass(name));
  }

  private constructor(rcl: Rclnodejs, node: RclNode) {
    this.rcl = rcl;
    this.#node = node;
    const execute = node.execute.bind(node);
    // The last net: services of rclnodejs itself (parameters, lifecycle) are not made by us.
    node.execute = (handles) => {
      if (!this.#closed) {
        this.#guarded("ROS event", () => { execute(handles); });
      }
    };
    this.parameters = new NodeParameters(rcl, node);
  }

  /** The node as a lifecycle node; only for nodes made as such. */
  get lifecycleNode(): RclLifecycleNode {
    return this.#node as RclLifecycleNode;
  }

  get log(): RclLogger {
    return this.#node.getLogger();
  }

  publisher<Message>(type: string, topic: string, qos: QosName): RclPublisher<Message> {
    const publisher = this.#node.createPublisher(type, topic, { qos: this.#qos(topic, "publisher", qos) });
    this.#disposers.push(() => { this.#node.destroyPublisher(publisher); });
    return publisher;
  }

  publisherOf<Message>({ type, name, qos }: TopicSpec): RclPublisher<Message> {
    return this.publisher<Message>(type, name, qos);
  }

  /** As subscribe(), for a topic that is declared in a list. */
  subscribeTo<Message>({ type, name, qos }: TopicSpec, callback: (message: Message) => void): RclSubscription {
    return this.subscribe<Message>(type, name, qos, callback);
  }

  /** As service(), for a service that is declared in a list. */
  serve<Request, Response>(
    { type, name }: ServiceSpec, handler: (request: Request) => Promise<Response> | Response, failed: (reason: string) => Response,
  ): void {
    this.service<Request, Response>(type, name, handler, failed);
  }

  /** What the callback is given is freed when it returns: copy typed arrays at once. */
  subscribe<Message>(type: string, topic: string, qos: QosName, callback: (message: Message) => void): RclSubscription {
    const subscription = this.#node.createSubscription(type, topic, { qos: this.#qos(topic, "subscription", qos) }, (message: Message) => {
      this.#guarded(`message on ${topic}`, () => { callback(message); });
    });
    this.#disposers.push(() => { this.#node.destroySubscription(subscription); });
    return subscription;
  }

  /** Offers a service; when the handler throws, `failed` makes the answer, so that the caller never waits for nothing. */
  service<Request, Response>(
    type: string, name: string, handler: (request: Request) => Promise<Response> | Response, failed: (reason: string) => Response,
  ): void {
    const service = this.#node.createService(type, name, async (request: Request, response: { send(response: Response): void }) => {
      let answer: Response;
      try {
        answer = await handler(request);
      } catch (error) {
        this.#report(`request to ${name}`, error);
        answer = failed(oneLine(error));
      }
      if (!this.#closed) {
        this.#guarded(`answer of ${name}`, () => { response.send(answer); });
      }
    });
    this.#disposers.push(() => { this.#node.destroyService(service); });
  }

  /**
   * Offers an action. Callbacks that throw reject the goal or the cancel request.
   *
   * @param resultKeptS how long results can be asked for, s.
   * @returns takes it off the graph again; `destroyFrom` does not, because results leave in a later turn of the event loop.
   * @throws Error when this ROS has no such interface.
   */
  actionServer<Goal, Result, Feedback>(type: string, name: string, callbacks: RclActionCallbacks<Goal, Result, Feedback>, resultKeptS: number): () => void {
    const { GoalResponse, CancelResponse, ActionServer } = this.rcl;
    const guarded = <Argument, Answer>(what: string, callback: (argument: Argument) => Answer, failed: Answer) => (argument: Argument): Answer => {
      let answer = failed;
      this.#guarded(`${what} of ${name}`, () => { answer = callback(argument); });
      return answer;
    };
    const server = new ActionServer(
      this.#node, type, name, callbacks.execute, guarded("goal", callbacks.goal, GoalResponse.REJECT),
      guarded("accepted goal", callbacks.accepted, undefined), guarded("cancel request", callbacks.cancel, CancelResponse.REJECT),
      { resultTimeout: resultKeptS },
    );
    return () => { this.#guarded(`destroying ${name}`, () => { server.destroy(); }); };
  }

  /** @throws Error when this ROS has no such interface. */
  actionClient<Goal, Result, Feedback>(type: string, name: string): RclActionClient<Goal, Result, Feedback> {
    return new this.rcl.ActionClient(this.#node, type, name);
  }

  /** A client of a service; it goes with the node. */
  serviceClient<Request, Response>(type: string, name: string): RclClient<Request, Response> {
    return this.#node.createClient(type, name);
  }

  /** A topic's full name, after remapping. */
  resolve(topic: string): string {
    return this.#node.resolveTopicName(topic);
  }

  /** What another node subscribes to. @param node its full name. @returns full names with their types; none while the node is not seen. */
  subscriptionsOf(node: string): readonly { readonly name: string; readonly types: readonly string[] }[] {
    const cut = node.lastIndexOf("/");
    try {
      return this.#node.getSubscriptionNamesAndTypesByNode(node.slice(cut + 1), cut === 0 ? "/" : node.slice(0, cut));
    } catch {
      return [];
    }
  }

  /** A point to go back to with `destroyFrom`. */
  get entityCount(): number {
    return this.#disposers.length;
  }

  /** Destroys all publishers, subscriptions and services made since `entityCount` was `count`, the newest first. */
  destroyFrom(count: number): void {
    for (const dispose of this.#disposers.splice(count).reverse()) {
      this.#guarded("destroying an entity", dispose);
    }
  }

  /** ROS time in seconds (simulated when use_sim_time is set; 0 until a clock is seen). */
  nowS(): number {
    const { seconds, nanoseconds } = this.#node.now().secondsAndNanoseconds;
    return Number(seconds) + Number(nanoseconds) * 1e-9;
  }

  /** ROS time as a stamp. */
  stamp(): RosTime {
    const { seconds, nanoseconds } = this.#node.now().secondsAndNanoseconds;
    return { sec: Number(seconds), nanosec: Number(nanoseconds) };
  }

  get usesSimTime(): boolean {
    return this.#node.getParameter("use_sim_time").value === true;
  }

  /** Starts to take events. Entities should be there by then: making them later can block for as long as one wait. */
  spin(): void {
    this.#node.spin(SPIN_MS);
  }

  /** Leaves the graph. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.rcl.shutdown();
    }
  }

  /** Runs something that ROS called, for callbacks this class does not make itself (timers). */
  guarded(what: string, action: () => void): void {
    this.#guarded(what, action);
  }

  /** The wanted profile, or what the parameters `qos_overrides.*` make of it. */
  #qos(topic: string, endpoint: Endpoint, qos: QosName): RclQoS {
    const resolved = this.resolve(topic);
    return overriddenQos(this.rcl, resolved, endpoint, this.parameters.declare(qosOverrideParameters(resolved, endpoint, qos)));
  }

  #guarded(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report(what, error);
    }
  }

  #report(what: string, error: unknown): void {
    try {
      this.log.error(`${what}: ${oneLine(error)}`);
    } catch {
      process.stderr.write(`${what}: ${oneLine(error)}\n`);
    }
  }
}

/** The message of an error, on one line. */
export function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replace(/\s*\n\s*/g, "; ");
}
