import type { RclNode, RclParameter } from "./rclnodejs.js";

type NodeClass = new (name: string, namespace?: string) => RclNode;

/**
 * A node class that also takes parameters given under the node's full name (`/cell/jepa_mpc`), as launch files and most
 * parameter files write them. rclnodejs 2.2 matches only `/**` and the bare name and drops the others without a word.
 */
export function fullyNamed(Base: NodeClass): NodeClass {
  return class extends Base {
    /** Asked by rclnodejs while the node is made; it looks the parameters up by `this.name()`. */
    override _getNativeParameterOverrides(): Map<string, RclParameter> {
      const found = super._getNativeParameterOverrides();
      const own = this.name();
      const namespace = this.namespace();
      const full = `${namespace === "/" ? "" : namespace}/${own}`;
      const under = (name: string): Map<string, RclParameter> => {
        const method = Object.getOwnPropertyDescriptor(this, "name");
        Object.defineProperty(this, "name", { value: () => name, configurable: true });
        try {
          return super._getNativeParameterOverrides();
        } finally {
          if (method === undefined) {
            delete (this as { name?: unknown }).name;
          }
        }
      };
      const everywhere = under("");
      for (const [name, parameter] of under(full)) {
        // What `/**` says is in every answer; it must not win over the bare name.
        if (String(everywhere.get(name)?.value) !== String(parameter.value)) {
          found.set(name, parameter);
        }
      }
      return found;
    }
  };
}
