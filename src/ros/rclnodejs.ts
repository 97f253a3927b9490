import { whatIsWrongWithRos } from "./environment.js";

/**
 * The only file that loads rclnodejs, and the part of its interface that the project uses, typed here: rclnodejs is an
 * optional dependency whose own types are generated at installation, and the project must compile without either.
 */

/** Times of builtin_interfaces/Time and Duration. */
export interface RosTime {
  sec: number;
  nanosec: number;
}

export interface RclPublisher<Message> {
  publish(message: Message): void;
  readonly subscriptionCount: number;
}

export interface RclSubscription {
  readonly publisherCount: number;
}

export interface RclClient<Request, Response> {
  isServiceServerAvailable(): boolean;
  sendRequest(request: Request, callback: (response: Response) => void): void;
}

/** `template` is an empty response; `send` may be called later, from any turn of the event loop. */
export interface RclResponse<Response> {
  readonly template: Response;
  send(response: Response): void;
}

export interface RclLogger {
  debug(text: string): boolean;
  info(text: string): boolean;
  warn(text: string): boolean;
  error(text: string): boolean;
  fatal(text: string): boolean;
}

/** A parameter as rclnodejs holds it; integers are bigint. */
export interface RclParameter {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface RclParameterDescriptor {
  readonly name: string;
  toMessage(): unknown;
}

export interface SetParametersResult {
  successful: boolean;
  reason: string;
}

/** A goal at its action server. Transitions that the action's state machine does not know throw. */
export interface RclServerGoalHandle<Feedback> {
  readonly goalId: { readonly uuid: Uint8Array };
  readonly isActive: boolean;
  readonly isCancelRequested: boolean;
  /** To "executing"; calls the server's execute callback. */
  execute(): void;
  publishFeedback(feedback: Feedback): void;
  succeed(): void;
  abort(): void;
  canceled(): void;
}

export interface RclActionServer {
  readonly typeClass: { readonly Result: new () => object; readonly Feedback: new () => object };
  destroy(): void;
}

/** What an action server is made with; `goal` is a plain object whose typed arrays are freed when the callback returns. */
export interface RclActionCallbacks<Goal, Result, Feedback> {
  readonly execute: (handle: RclServerGoalHandle<Feedback>) => Promise<Result>;
  readonly goal: (goal: Goal) => number;
  readonly accepted: (handle: RclServerGoalHandle<Feedback>) => void;
  readonly cancel: (handle: RclServerGoalHandle<Feedback>) => number;
}

export interface RclClientGoalHandle<Result> {
  isAccepted(): boolean;
  isSucceeded(): boolean;
  isCanceled(): boolean;
  cancelGoal(): Promise<unknown>;
  getResult(): Promise<Result>;
}

export interface RclActionClient<Goal, Result, Feedback> {
  isActionServerAvailable(): boolean;
  sendGoal(goal: Goal, feedback: (feedback: Feedback) => void): Promise<RclClientGoalHandle<Result>>;
  destroy(): void;
}

export interface RclQoS {
  readonly depth: number;
}

/** Written by a LifecycleNode after a transition: what its callback returned. */
export interface RclCallbackReturnValue {
  isSuccess(): boolean;
}

export interface RclLifecycleState {
  readonly id: number;
  readonly label: string;
}

export interface ChangeStateRequest {
  transition: { id: number; label: string };
}

export interface RclNode {
  createPublisher(type: string, topic: string, options: { qos: RclQoS }): RclPublisher<never>;
  createSubscription(type: string, topic: string, options: { qos: RclQoS }, callback: (message: never) => void): RclSubscription;
  createService(type: string, name: string, callback: (request: never, response: RclResponse<never>) => unknown): unknown;
  createClient(type: string, name: string): RclClient<never, never>;
  destroyPublisher(publisher: RclPublisher<never>): void;
  destroySubscription(subscription: RclSubscription): void;
  destroyService(service: unknown): void;
  /** Full name, after remapping. */
  resolveTopicName(topic: string): string;
  /** Of another node. Throws when it is not on the graph. */
  getSubscriptionNamesAndTypesByNode(name: string, namespace: string): { readonly name: string; readonly types: readonly string[] }[];
  getParameterOverrides(): RclParameter[];
  /** Private in rclnodejs, see mended-node.ts. */
  _getNativeParameterOverrides(): Map<string, RclParameter>;
  declareParameter(parameter: RclParameter, descriptor: RclParameterDescriptor, ignoreOverride: boolean): RclParameter;
  hasParameter(name: string): boolean;
  getParameter(name: string): RclParameter;
  setParametersAtomically(parameters: RclParameter[]): SetParametersResult;
  getLogger(): RclLogger;
  now(): { readonly secondsAndNanoseconds: { seconds: bigint; nanoseconds: bigint } };
  namespace(): string;
  name(): string;
  spin(timeoutMs: number): void;
  /** Called by the native side with what is ready. */
  execute(handles: unknown[]): void;
}

export interface RclLifecycleNode extends RclNode {
  readonly currentState: RclLifecycleState;
  registerOnConfigure(callback: () => number): void;
  registerOnActivate(callback: () => number): void;
  registerOnDeactivate(callback: () => number): void;
  registerOnCleanup(callback: () => number): void;
  registerOnShutdown(callback: () => number): void;
  registerOnError(callback: () => number): void;
  configure(result?: RclCallbackReturnValue): RclLifecycleState;
  activate(result?: RclCallbackReturnValue): RclLifecycleState;
  deactivate(result?: RclCallbackReturnValue): RclLifecycleState;
  /** Handler of the change_state service; private in rclnodejs, see LifecycleShell. */
  _onChangeState(request: ChangeStateRequest, response: RclResponse<{ success: boolean }>): void;
}

/** The default export of rclnodejs, as far as it is used. */
export interface Rclnodejs {
  init(context: unknown, argv: string[]): Promise<void>;
  shutdown(): void;
  removeSignalHandlers(): void;
  readonly Context: { defaultContext(): unknown };
  readonly QoS: {
    new (history: number, depth: number, reliability: number, durability: number): RclQoS;
    readonly HistoryPolicy: { readonly RMW_QOS_POLICY_HISTORY_KEEP_LAST: number; readonly RMW_QOS_POLICY_HISTORY_KEEP_ALL: number };
    readonly ReliabilityPolicy: {
      readonly RMW_QOS_POLICY_RELIABILITY_RELIABLE: number;
      readonly RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT: number;
    };
    readonly DurabilityPolicy: {
      readonly RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL: number;
      readonly RMW_QOS_POLICY_DURABILITY_VOLATILE: number;
    };
  };
  readonly Parameter: new (name: string, type: number, value: unknown) => RclParameter;
  readonly ParameterType: Readonly<Record<string, number>>;
  readonly ParameterDescriptor: new (name: string, type: number, description: string) => RclParameterDescriptor;
  readonly Node: new (name: string, namespace?: string) => RclNode;
  readonly ActionServer: new (
    node: RclNode, type: string, name: string,
    execute: (handle: RclServerGoalHandle<never>) => Promise<unknown>, goal: (goal: never) => number,
    accepted: (handle: RclServerGoalHandle<never>) => void, cancel: (handle: RclServerGoalHandle<never>) => number,
    options: { resultTimeout?: number },
  ) => RclActionServer;
  readonly ActionClient: new (node: RclNode, type: string, name: string) => RclActionClient<never, never, never>;
  readonly GoalResponse: { readonly ACCEPT: number; readonly REJECT: number };
  readonly CancelResponse: { readonly ACCEPT: number; readonly REJECT: number };
  readonly lifecycle: {
    readonly LifecycleNode: new (name: string, namespace?: string) => RclLifecycleNode;
    readonly CallbackReturnCode: { readonly SUCCESS: number; readonly FAILURE: number; readonly ERROR: number };
    readonly CallbackReturnValue: new () => RclCallbackReturnValue;
  };
}

/** Thrown when ROS 2 cannot be used here; the message is one line that says why and what to do. */
export class RosUnavailable extends Error {
  override readonly name = "RosUnavailable";
}

let loaded: Promise<Rclnodejs> | undefined;

/**
 * Loads rclnodejs, once.
 *
 * @throws RosUnavailable before anything is imported when the environment would make rclnodejs delete its own build.
 */
export function loadRclnodejs(): Promise<Rclnodejs> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Rclnodejs> {
  const wrong = whatIsWrongWithRos();
  if (wrong !== undefined) {
    throw new RosUnavailable(`ROS 2 cannot be used: ${wrong}`);
  }
  // A name the compiler does not look up: the package may be missing. Only `default` has members at run time.
  const name: string = "rclnodejs";
  const module = (await import(name)) as { default: Rclnodejs };
  // Its SIGINT handler tears the node down before the robot could be sent its hold.
  module.default.removeSignalHandlers();
  return module.default;
}
