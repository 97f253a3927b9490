import { callService } from "./service-call.js";

import type { RclClient } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** rcl_interfaces/msg/ParameterType. */
const TYPE = { bool: 1, integer: 2, double: 3, string: 4, doubleArray: 8, stringArray: 9 } as const;
/** What nodes have besides their own parameters. */
const NOT_OWN = /^(qos_overrides\.|use_sim_time$|start_type_description_service$)/;
const WITHIN_MS = 3000;

interface ParameterValueMessage {
  type: number;
  bool_value: boolean;
  integer_value: bigint | number;
  double_value: number;
  string_value: string;
  byte_array_value: number[];
  bool_array_value: boolean[];
  integer_array_value: bigint[];
  double_array_value: ArrayLike<number>;
  string_array_value: string[];
}

interface DescriptorMessage {
  readonly name: string;
  readonly type: number;
  readonly description: string;
  readonly additional_constraints: string;
  readonly read_only: boolean;
  readonly floating_point_range: readonly { readonly from_value: number; readonly to_value: number }[];
  readonly integer_range: readonly { readonly from_value: bigint | number; readonly to_value: bigint | number }[];
}

export type RemoteValue = boolean | number | string | readonly string[] | readonly number[];

/** A parameter that may be set while its node runs. */
export interface SettableParameter {
  readonly name: string;
  readonly kind: "bool" | "integer" | "double" | "string";
  readonly value: boolean | number | string;
  readonly description: string;
  readonly low?: number;
  readonly high?: number;
  readonly choices?: readonly string[];
}

/** The parameters of another node, through its services. Calls reject with one line when it does not answer. */
export class RemoteParameters {
  readonly #node: string;
  readonly #list: RclClient<object, { result: { names: string[] } }>;
  readonly #describe: RclClient<object, { descriptors: DescriptorMessage[] }>;
  readonly #get: RclClient<object, { values: ParameterValueMessage[] }>;
  readonly #set: RclClient<object, { results: { successful: boolean; reason: string }[] }>;
  /** Of the settable ones; what they are does not change while the node lives. */
  #settable: readonly DescriptorMessage[] | undefined;

  /** @param node its full name. */
  constructor(ros: RosNode, node: string) {
    this.#node = node;
    this.#list = ros.serviceClient("rcl_interfaces/srv/ListParameters", `${node}/list_parameters`);
    this.#describe = ros.serviceClient("rcl_interfaces/srv/DescribeParameters", `${node}/describe_parameters`);
    this.#get = ros.serviceClient("rcl_interfaces/srv/GetParameters", `${node}/get_parameters`);
    this.#set = ros.serviceClient("rcl_interfaces/srv/SetParameters", `${node}/set_parameters`);
  }

  /** What the node offers has to be asked anew: it may be another one. */
  forget(): void {
    this.#settable = undefined;
  }

  /** In the order of the names; undefined for what the node has not, or has as a type that is not read. */
  async values(names: readonly string[]): Promise<(RemoteValue | undefined)[]> {
    const { values } = await callService(this.#get, { names: [...names] }, `${this.#node}/get_parameters`, WITHIN_MS);
    if (values.length === names.length) return values.map(valueOf);
    // A node that lacks one of them answers with none or with the others; then each is asked for alone.
    return names.length === 1 ? [undefined] : (await Promise.all(names.map((name) => this.values([name])))).flat();
  }

  /** Those that may be set now, by name. */
  async settable(): Promise<SettableParameter[]> {
    this.#settable ??= await this.#describeSettable();
    const values = await this.values(this.#settable.map(({ name }) => name));
    return this.#settable.flatMap((descriptor, i) => {
      const value = values[i];
      const kind = kindOf(descriptor.type);
      if (kind === undefined || value === undefined || typeof value === "object") return [];
      const [range] = kind === "integer" ? descriptor.integer_range : descriptor.floating_point_range;
      const choices = /one of ([^;]+)/.exec(descriptor.additional_constraints)?.[1]?.split(", ");
      return [{
        name: descriptor.name, kind, value, description: descriptor.description,
        ...(range === undefined ? {} : { low: Number(range.from_value), high: Number(range.to_value) }), ...(choices === undefined ? {} : { choices }),
      }];
    });
  }

  /** @returns the node's reason where it refuses, or undefined. */
  async set(name: string, value: boolean | number | string): Promise<string | undefined> {
    this.#settable ??= await this.#describeSettable();
    const descriptor = this.#settable.find((candidate) => candidate.name === name);
    if (descriptor === undefined) return `${name} is none of the parameters that may be set while the controller runs`;
    const message = messageOf(descriptor.type, value);
    if (message === undefined) return `${name} is ${JSON.stringify(value)}: must be of type ${kindOf(descriptor.type)}`;
    const { results } = await callService(this.#set, { parameters: [{ name, value: message }] }, `${this.#node}/set_parameters`, WITHIN_MS);
    const [result] = results;
    return result === undefined ? "the node answered nothing" : result.successful ? undefined : result.reason;
  }

  async #describeSettable(): Promise<DescriptorMessage[]> {
    const { result } = await callService(this.#list, { prefixes: [], depth: 0n }, `${this.#node}/list_parameters`, WITHIN_MS);
    const names = [...result.names].filter((name) => !NOT_OWN.test(name)).sort();
    const { descriptors } = await callService(this.#describe, { names }, `${this.#node}/describe_parameters`, WITHIN_MS);
    // Plain copies: what rclnodejs hands over lives in the response.
    return descriptors.filter((descriptor) => !descriptor.read_only && !descriptor.additional_constraints.includes("static")).map((descriptor) => ({
      name: descriptor.name, type: descriptor.type, description: descriptor.description, additional_constraints: descriptor.additional_constraints, read_only: false,
      floating_point_range: descriptor.floating_point_range.map(({ from_value, to_value }) => ({ from_value, to_value })),
      integer_range: descriptor.integer_range.map(({ from_value, to_value }) => ({ from_value, to_value })),
    }));
  }
}

function kindOf(type: number): SettableParameter["kind"] | undefined {
  switch (type) {
    case TYPE.bool: return "bool";
    case TYPE.integer: return "integer";
    case TYPE.double: return "double";
    case TYPE.string: return "string";
    default: return undefined;
  }
}

function valueOf(message: ParameterValueMessage | undefined): RemoteValue | undefined {
  if (message === undefined) return undefined;
  switch (message.type) {
    case TYPE.bool: return message.bool_value;
    case TYPE.integer: return Number(message.integer_value);
    case TYPE.double: return message.double_value;
    case TYPE.string: return message.string_value;
    case TYPE.doubleArray: return Array.from(message.double_array_value);
    case TYPE.stringArray: return [...message.string_array_value];
    default: return undefined;
  }
}

/** @returns undefined when the value is of another type. */
function messageOf(type: number, value: boolean | number | string): ParameterValueMessage | undefined {
  const nothing: ParameterValueMessage = {
    type, bool_value: false, integer_value: 0n, double_value: 0, string_value: "",
    byte_array_value: [], bool_array_value: [], integer_array_value: [], double_array_value: [], string_array_value: [],
  };
  switch (kindOf(type)) {
    case "bool": return typeof value === "boolean" ? { ...nothing, bool_value: value } : undefined;
    case "integer": return Number.isSafeInteger(value) ? { ...nothing, integer_value: BigInt(value) } : undefined;
    case "double": return typeof value === "number" && Number.isFinite(value) ? { ...nothing, double_value: value } : undefined;
    case "string": return typeof value === "string" ? { ...nothing, string_value: value } : undefined;
    case undefined: return undefined;
  }
}
