import assert from "node:assert/strict";

import { SKIP_ACTION } from "./action-goals.js";

import type { InterfaceSpec, InterfaceSpecs } from "../../src/ros/interface-spec.js";
import type { Seen, Stranger } from "./stranger.js";

type Kind = "publishers" | "subscriptions" | "services" | "actions";

/**
 * Asserts that a node has exactly the topics, services and actions of its list, in the eyes of the stranger.
 *
 * @param node full name. @param absent those that are there with other parameters only.
 */
export async function assertGraphAsDeclared(stranger: Stranger, node: string, specs: InterfaceSpecs, absent: readonly InterfaceSpec[]): Promise<void> {
  const from = stranger.mark;
  stranger.do({ do: "graph", node });
  const graph = await stranger.waitFor<Seen & Record<Kind, Record<string, string>>>((seen) => seen.event === "graph", "the graph", from);
  const namespace = node.slice(0, node.lastIndexOf("/"));
  const full = (name: string): string => name.startsWith("~/") ? `${node}/${name.slice(2)}` : name.startsWith("/") ? name : `${namespace}/${name}`;
  const declared = (fits: (spec: InterfaceSpec) => boolean): Record<string, string> => Object.fromEntries<string>(
    Object.values(specs).filter((spec) => fits(spec) && !absent.includes(spec)).map(({ name, type }): [string, string] => [full(name), type]).sort());
  // What rclnodejs gives every node, and the parts an action is made of.
  const own = (seen: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(seen)
    .filter(([name, type]) => !name.includes("/_action/") && !/^(rcl_interfaces|lifecycle_msgs|type_description_interfaces)\//.test(type)).sort());
  assert.deepEqual(own(graph.publishers), declared((spec) => spec.kind === "topic" && spec.direction === "out"));
  assert.deepEqual(own(graph.subscriptions), declared((spec) => spec.kind === "topic" && spec.direction === "in"));
  assert.deepEqual(own(graph.services), declared((spec) => spec.kind === "service"));
  if (SKIP_ACTION === false) {
    assert.deepEqual(graph.actions, declared((spec) => spec.kind === "action"));
  }
}
