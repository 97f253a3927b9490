import { join } from "node:path";
import { writeLineChart, type LineSeries } from "../../src/plots/chart.js";
import { whatIsWrongWithRos } from "../../src/ros/environment.js";
import { markdownTable } from "../markdown-table.js";
import { quantile } from "../statistics.js";
import type { Context, Part } from "./context.js";
import { framesToCommands, type FrameToCommand } from "./frame-to-command.js";
import { RunningGraph } from "./running-graph.js";

/** A goal that is not reached gets so long, s. */
const GOAL_S = 12;
const BEYOND_PLAN_GOAL_MS = 50;

async function run({ bundle, plans, images, say }: Context): Promise<string> {
  const wrong = whatIsWrongWithRos();
  if (wrong !== undefined) throw new Error(`the running graph cannot be measured: ${wrong}`);
  const graph = await RunningGraph.start(bundle);
  let found: FrameToCommand[] = [];
  try {
    // To the task's goal and back again, until there are commands enough.
    const goals = [graph.taskGoal!, graph.image!];
    for (let i = 0; found.length < plans && i < plans; i++) {
      const name = `bench-${i}`;
      graph.sendGoal(goals[i % goals.length]!, name);
      const over = (): boolean => graph.statuses.some(({ goal, final }) => goal === name && final);
      await graph.until(over, GOAL_S, name).catch((error: unknown) => {
        if (!graph.statuses.some(({ goal }) => goal === name)) throw error;
      });
      found = framesToCommands(graph.pictures, graph.commands, graph.statuses);
      say(`${found.length} of ${plans} commands`);
    }
  } finally {
    await graph.close();
  }
  if (found.length === 0) throw new Error("no commands came one after the other");
  const column = (of: (one: FrameToCommand) => number): string[] => [0.5, 0.9, 0.99].map((q) => quantile(found.map(of), q).toFixed(1));
  const added = found.map(({ cameraMs, restMs }) => cameraMs + restMs);
  const rest99 = quantile(added, 0.99);
  if (images !== undefined) {
    const cumulative = (name: string, values: readonly number[]): LineSeries =>
      ({ name, points: [...values].sort((a, b) => a - b).map((value, i) => [value, (100 * (i + 1)) / values.length]) });
    await writeLineChart(join(images, "bench-latency.png"), {
      title: "From a camera frame to the command planned from it", subtitle: `${found.length} commands on the running graph; simulator, controller and this watcher as processes`,
      xTitle: "time (ms)", yTitle: "commands that took at most so long (%)", yZero: true,
      series: [
        cumulative("the plan itself", found.map(({ planMs }) => planMs)),
        cumulative("camera and all else", added),
        cumulative("wait while the action before is executed", found.map(({ waitMs }) => waitMs)),
        cumulative("in all", found.map(({ totalMs }) => totalMs)),
      ],
    });
  }
  return [
    `${found.length} commands of reach goals on the running graph (simulator at 10 pictures a second, controller with its defaults, this watcher; time from the computer's clock), from the stamp of`
    + " the picture to the receipt of the trajectory, ms:",
    "",
    markdownTable(["", "median", "90 %", "99 %"], [
      ["in all", ...column(({ totalMs }) => totalMs)],
      ["the plan itself: encoding and searching", ...column(({ planMs }) => planMs)],
      ["of which encoding", ...column(({ encodeMs }) => encodeMs)],
      ["waiting by design: the action before is still executed", ...column(({ waitMs }) => waitMs)],
      ["the camera: making the picture (here: drawing it on the same cores), its message", ...column(({ cameraMs }) => cameraMs)],
      ["all else: decoding, the wait for the control step, timers, the command's message", ...column(({ restMs }) => restMs)],
    ]),
    "",
    `The goal is at most ${BEYOND_PLAN_GOAL_MS} ms beyond the plan in 99 %. What camera and software add is ${rest99.toFixed(1)} ms: ${rest99 <= BEYOND_PLAN_GOAL_MS ? "**held**" : "**not held**"}; software alone, from the receipt of the picture, adds ${quantile(found.map(({ restMs }) => restMs), 0.99).toFixed(1)} ms. The wait by design is not in`
    + " it: the model's actions last a period (0.2 s), a plan is asked for when an action begins, and its next action cannot begin before that one has ended. A shorter wait needs a model of a"
    + " shorter period, not faster software. For the same reason a picture is not encoded before its control step, or beside the plan before: what that saves of the plan would be added to the wait.",
    ...(images === undefined ? [] : ["", "![from a camera frame to the command planned from it](images/bench-latency.png)"]),
  ].join("\n");
}

export const LATENCY: Part = { name: "latency", title: "From a camera frame to a command", run };
