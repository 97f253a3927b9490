/** What a controller is called on the graph, and where its inputs come from; full names. */
export interface GraphNames {
  readonly node: string;
  readonly image: string;
  readonly jointStates: string;
}

/** The names of a controller that is started with these ROS arguments (`-r image:=/camera/image_raw`, `-r __ns:=/cell`). */
export function graphNames(rosArguments: readonly string[]): GraphNames {
  const rules = new Map(rosArguments.flatMap((argument, i) => {
    const rule = ["-r", "--remap"].includes(rosArguments[i - 1] ?? "") ? /^(?:jepa_mpc:)?(.+?):=(.+)$/.exec(argument) : null;
    return rule === null ? [] : [[rule[1]!, rule[2]!] as const];
  }));
  const namespace = (rules.get("__ns") ?? "").replace(/\/$/, "");
  const full = (name: string): string => name.startsWith("/") ? name : `${namespace}/${name}`;
  const topic = (name: string): string => full(rules.get(name) ?? rules.get(full(name)) ?? name);
  return { node: full(rules.get("__node") ?? rules.get("__name") ?? "jepa_mpc"), image: topic("image"), jointStates: topic("joint_states") };
}
