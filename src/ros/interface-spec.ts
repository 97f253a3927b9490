import type { QosName } from "./qos.js";

/**
 * A node's topics, services and actions as data. From one such list come the entities and the tables of docs/interfaces.md.
 */

interface Common {
  /** As ROS resolves it: relative to the node's namespace, or with "~/" to the node. */
  readonly name: string;
  /** package/kind/Name. */
  readonly type: string;
  /** What it carries or does, with its units. */
  readonly description: string;
}

export interface TopicSpec extends Common {
  readonly kind: "topic";
  readonly direction: "in" | "out";
  readonly qos: QosName;
}

export interface ServiceSpec extends Common {
  readonly kind: "service";
}

export interface ActionSpec extends Common {
  readonly kind: "action";
}

export type InterfaceSpec = TopicSpec | ServiceSpec | ActionSpec;
export type InterfaceSpecs = Readonly<Record<string, InterfaceSpec>>;
