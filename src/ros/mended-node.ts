import { qosProfile } from "./qos.js";

import type { Rclnodejs, RclNode, RclParameter, RclQoS, RclSubscription } from "./rclnodejs.js";

type NodeClass = new (name: string, namespace?: string) => RclNode;
type Callback = (message: never) => void;

const CLOCK_TOPIC = "/clock";

/**
 * A node class with two habits of rclnodejs 2.2 mended that can only be reached while the node is made.
 *
 * - Parameters under the node's full name (`/cell/jepa_mpc`), as launch files and most parameter files write them, count too;
 *   rclnodejs matches only `/**` and the bare name and drops the others without a word.
 * - Of `/clock` only the newest message counts, as in other client libraries; rclnodejs queues ten and takes one a turn, so on
 *   a busy machine simulated time lags a tenth of a second behind the joint states.
 */
export function mended(rcl: Rclnodejs, Base: NodeClass): NodeClass {
  return class extends Base {
    /** Asked by rclnodejs while the node is made; it looks the parameters up by `this.name()`. */
    override _getNativeParameterOverrides(): Map<string, RclParameter> {
      const found = super._getNativeParameterOverrides();
      const own = this.name();
      const namespace = this.namespace();
      const full = `${namespace === "/" ? "" : namespace}/${own}`;
      const under = (name: string): Map<string, RclParameter> => {
        Object.defineProperty(this, "name", { value: () => name, configurable: true });
        try {
          return super._getNativeParameterOverrides();
        } finally {
          // The method of the class shows again.
          delete (this as { name?: unknown }).name;
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

    override createSubscription(type: string, topic: string, options: { qos: RclQoS } | Callback, callback?: Callback): RclSubscription {
      if (typeof options !== "function") {
        return super.createSubscription(type, topic, options, callback!);
      }
      // Only rclnodejs itself leaves the options out; "events" is its default.
      return super.createSubscription(type, topic, { qos: qosProfile(rcl, topic === CLOCK_TOPIC ? "sensor" : "events") }, options);
    }
  };
}
