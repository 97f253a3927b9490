import { checkParameter } from "./parameter-spec.js";

import type { ParameterSpec, ParameterSpecs, ParameterValue, ParameterValues } from "./parameter-spec.js";
import type { Rclnodejs, RclNode, RclParameter, SetParametersResult } from "./rclnodejs.js";

const TYPE_CODES: Readonly<Record<ParameterSpec["type"], string>> = {
  bool: "PARAMETER_BOOL",
  integer: "PARAMETER_INTEGER",
  double: "PARAMETER_DOUBLE",
  string: "PARAMETER_STRING",
  string_array: "PARAMETER_STRING_ARRAY",
  double_array: "PARAMETER_DOUBLE_ARRAY",
};

const QOS_OVERRIDES = "qos_overrides.";

/**
 * Declares a list of parameters on a node and keeps their values.
 *
 * Checks are our own: rclnodejs 2.2 answers every bad type or range with "does not  readonly", rounds doubles to its range's
 * step and never sends ranges to those who ask for the description.
 */
export class NodeParameters {
  readonly #rcl: Rclnodejs;
  readonly #node: RclNode;
  readonly #specs = new Map<string, ParameterSpec>();
  readonly #values = new Map<string, ParameterValue>();
  readonly #overrides: ReadonlyMap<string, RclParameter>;
  /** When set, static parameters are refused with this reason. */
  #locked: string | undefined;
  #onChange: (names: readonly string[]) => void = () => undefined;

  constructor(rcl: Rclnodejs, node: RclNode) {
    this.#rcl = rcl;
    this.#node = node;
    this.#overrides = new Map(node.getParameterOverrides().map((parameter) => [parameter.name, parameter]));
    const set = node.setParametersAtomically.bind(node);
    // The services of rclnodejs call the method by name, so the instance's own method is asked first.
    node.setParametersAtomically = (parameters) => this.#set(parameters, set);
  }

  /**
   * Declares the parameters with what the command line or a parameter file gives, else their defaults. Those declared before
   * keep their values.
   *
   * @throws Error with the reason when a given value is refused.
   */
  declare<S extends ParameterSpecs>(specs: S): ParameterValues<S> {
    for (const [name, spec] of Object.entries(specs)) {
      if (this.#specs.has(name)) {
        continue;
      }
      const override = this.#overrides.get(name);
      const checked = checkParameter(name, spec, override === undefined ? spec.default : override.value);
      if (!checked.ok) {
        throw new Error(`parameter ${checked.reason}`);
      }
      this.#specs.set(name, spec);
      this.#values.set(name, checked.value);
      this.#node.declareParameter(this.#toRcl(name, spec, checked.value), this.#descriptor(name, spec), true);
    }
    return this.values(specs);
  }

  /** The present values of a declared list. */
  values<S extends ParameterSpecs>(specs: S): ParameterValues<S> {
    return Object.fromEntries(Object.keys(specs).map((name) => [name, this.#values.get(name)])) as ParameterValues<S>;
  }

  /** From now on static parameters are refused with this reason; undefined lets them be set again. */
  lock(reason: string | undefined): void {
    this.#locked = reason;
  }

  /** Calls back after accepted changes, with the names. */
  onChange(callback: (names: readonly string[]) => void): void {
    this.#onChange = callback;
  }

  /** Names that were given on the command line or in a file and that nobody declared: most likely typing errors. */
  unknownOverrides(): string[] {
    return this.#undeclared().filter((name) => !name.startsWith(QOS_OVERRIDES));
  }

  /** The same of `qos_overrides.*`, which are declared with their topics. */
  unknownQosOverrides(): string[] {
    return this.#undeclared().filter((name) => name.startsWith(QOS_OVERRIDES));
  }

  #undeclared(): string[] {
    return [...this.#overrides.keys()].filter((name) => !this.#node.hasParameter(name));
  }

  #set(parameters: RclParameter[], set: (parameters: RclParameter[]) => SetParametersResult): SetParametersResult {
    const accepted: [string, ParameterValue][] = [];
    const converted: RclParameter[] = [];
    for (const parameter of parameters) {
      const spec = this.#specs.get(parameter.name);
      if (spec === undefined) {
        // Not ours: use_sim_time, or a name nobody declared, which rclnodejs refuses.
        converted.push(parameter);
        continue;
      }
      if (spec.changes === "static" && this.#locked !== undefined) {
        return { successful: false, reason: `${parameter.name} is static: ${this.#locked}` };
      }
      const checked = checkParameter(parameter.name, spec, parameter.value);
      if (!checked.ok) {
        return { successful: false, reason: checked.reason };
      }
      accepted.push([parameter.name, checked.value]);
      converted.push(this.#toRcl(parameter.name, spec, checked.value));
    }
    const result = set(converted);
    if (result.successful && accepted.length > 0) {
      for (const [name, value] of accepted) {
        this.#values.set(name, value);
      }
      this.#onChange(accepted.map(([name]) => name));
    }
    return result;
  }

  #toRcl(name: string, spec: ParameterSpec, value: ParameterValue): RclParameter {
    const raw = typeof value === "object" ? [...value] : value;
    return new this.#rcl.Parameter(name, this.#typeCode(spec), spec.type === "integer" ? BigInt(raw as number) : raw);
  }

  #descriptor(name: string, spec: ParameterSpec): { readonly name: string; toMessage(): unknown } {
    const descriptor = new this.#rcl.ParameterDescriptor(name, this.#typeCode(spec), spec.description);
    const range = spec.type === "integer" || spec.type === "double" ? spec.range : undefined;
    const choices = spec.type === "string" ? spec.choices : undefined;
    descriptor.toMessage = () => ({
      name,
      type: this.#typeCode(spec),
      description: spec.description,
      additional_constraints: [
        choices === undefined ? "" : `one of ${choices.join(", ")}`,
        spec.changes === "static" ? "static: set it before the node configures" : "",
      ].filter((text) => text !== "").join("; "),
      read_only: false,
      dynamic_typing: false,
      floating_point_range: spec.type === "double" && range !== undefined ? [{ from_value: range[0], to_value: range[1], step: 0 }] : [],
      integer_range: spec.type === "integer" && range !== undefined ? [{ from_value: BigInt(range[0]), to_value: BigInt(range[1]), step: 1n }] : [],
    });
    return descriptor;
  }

  #typeCode(spec: ParameterSpec): number {
    return this.#rcl.ParameterType[TYPE_CODES[spec.type]]!;
  }
}
