import { assessGoal, lookAt, stateShown } from "./assess-goal.js";
import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber, parseNumbers } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { demoUrdf, openModel, readyState } from "./open-model.js";
import { readGoalArgument, readPictureArgument } from "./picture-argument.js";
import { print, printJson, shortNumber, table } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { UsageError } from "./usage-error.js";

import type { Assessment, Scene } from "./assess-goal.js";
import type { OnnxWorldModel } from "../world-model/index.js";

export default defineCommand({
  command: "check <goal>",
  describe: "Say whether a goal looks reachable from here, before anything moves",
  builder: (yargs) =>
    yargs
      .positional("goal", { type: "string", demandOption: true, describe: "A goal's or sequence's name, or a picture file" })
      .option("picture", { type: "string", requiresArg: true, describe: "The scene as it is: a picture file or a goal's name [default: the camera's next picture (ROS 2)]" })
      .option("state", { type: "string", requiresArg: true, describe: "With --picture: proprioception in the bundle's order and units, between commas [default: as the picture shows it]" })
      .option("topic", { type: "string", requiresArg: true, default: "/camera/image_raw", describe: "Topic of the camera, sensor_msgs/msg/Image" })
      .option("joint-states", { type: "string", requiresArg: true, default: "/joint_states", describe: "Topic of the joints, sensor_msgs/msg/JointState" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "Seconds to wait for both" })
      .option("tolerance", { type: "string", requiresArg: true, describe: "Energy below which a goal counts as reached that has no tolerance in a sequence [default: the bundle's]" })
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "Seed of the search" })
      .option("bundle", BUNDLE_OPTION)
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal check cup-left", "from what the camera and the joints say now; nothing is published")
      .example("$0 goal check tidy-up --picture now.png", "a sequence: the first of its goals from here, each other from the one before")
      .epilogue("Exit code 0: it looks reachable; 1: it does not, or it could not be found out."),
  handler: async (args) => {
    const seed = parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true });
    const timeoutS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    const tolerance = args.tolerance === undefined ? undefined : parseNumber("--tolerance", args.tolerance, { min: 1e-12, max: 1e9 });
    if (args.state !== undefined && args.picture === undefined) {
      throw new UsageError("--state needs --picture; without it the joints say where the robot is");
    }
    const library = await openLibrary(args.goalsDir);
    const goals = await readGoalArgument(args.goal, library);
    const picture = args.picture === undefined ? undefined : await readPictureArgument(args.picture, library);
    const { model } = await openModel(args.bundle);
    const { manifest } = model;
    try {
      const { withGripper } = await import("../world-model/with-gripper.js");
      let scene: Scene;
      if (picture === undefined) scene = await live(model, args.topic, args.jointStates, timeoutS);
      else {
        const looked = await lookAt(model, picture.image, "picture");
        const state = args.state === undefined ? stateShown(manifest, looked.latent) ?? (await readyState(model, demoUrdf(PROJECT_ROOT)))
          : parseNumbers("--state", args.state, manifest.state.names);
        if (state === undefined) {
          throw new Error(`bundle ${manifest.name} is not for the demo arm: give --state ${manifest.state.names.join(",")}`);
        }
        scene = { ...looked, state };
      }
      const results: { readonly goal: string; readonly unlike: number | undefined; readonly assessment: Assessment }[] = [];
      for (const { label, image, goal, tolerance: own } of goals) {
        const looked = await lookAt(model, image, "goal");
        const latent = goal?.gripper === undefined ? looked.latent : withGripper(looked.latent, manifest, goal.gripper);
        const assessment = await assessGoal(model, scene, { latent, unlike: looked.unlike }, { seed, tolerance: own ?? tolerance });
        results.push({ goal: label, unlike: looked.unlike, assessment });
        // The next one is gone for from here.
        scene = { latent, state: stateShown(manifest, latent, assessment.endState)! };
      }
      const good = results.every(({ assessment: { outlook } }) => outlook !== "no_way" && outlook !== "unlike_training");
      if (args.json) {
        printJson({
          goal: args.goal, bundle: manifest.name, looksReachable: good,
          checks: results.map(({ goal, unlike, assessment }) => ({ goal, unlikeness: unlike, ...assessment, endState: Object.fromEntries(manifest.state.names.map((name, i) => [name, assessment.endState[i]])) })),
        });
      } else {
        results.forEach(({ goal, unlike, assessment }, i) => {
          if (results.length > 1) print(`${i > 0 ? "\n" : ""}${i + 1} of ${results.length}, ${goal}, from ${i === 0 ? "here" : results[i - 1]!.goal}:`);
          print(...lines(assessment, unlike, model));
        });
        if (results.length > 1) {
          const bad = results.filter(({ assessment: { outlook } }) => outlook === "no_way" || outlook === "unlike_training").map(({ goal }) => goal);
          print("", bad.length === 0 ? `Sequence ${args.goal} looks reachable.` : `Sequence ${args.goal} does not look reachable: ${bad.join(", ")}.`);
        }
      }
      if (!good) process.exitCode = 1;
    } finally {
      await model.close();
    }
  },
});

function lines({ sentence, startEnergy, reachedBelow, against, endEnergy, restEnergy, endState, apart }: Assessment, unlike: number | undefined, { manifest, horizon }: OnnxWorldModel): string[] {
  return [sentence, ...table([
    ["unlikeness", unlike === undefined ? `not known: bundle ${manifest.name} has no thresholds (jepa-mpc surprise calibrate)` : `${(100 * unlike).toFixed(0)} % of what is refused`],
    ["energy", `${shortNumber(startEnergy)} now (${against}); below ${shortNumber(reachedBelow)} counts as reached`],
    ["plan", `${shortNumber(endEnergy)} after ${horizon} steps (${shortNumber(horizon * manifest.action.period_s)} s), ${shortNumber(restEnergy)} without movement`],
    ["predicted end", manifest.state.names.map((name, i) => `${name} ${endState[i]!.toFixed(3)}${manifest.state.units[i] === "1" ? "" : ` ${manifest.state.units[i]!}`}`).join(", ")],
    ...(apart.length === 0 ? [] : [["from the goal", apart.map(({ name, unit, now, end }) => `${name} ${now.toFixed(3)} to ${end.toFixed(3)}${unit === "1" ? "" : ` ${unit}`}`).join(", ")]]),
  ])];
}

/** What the camera and the joints say now. @throws Error with one line when they do not come, or the bundle is not for the demo arm. */
async function live(model: OnnxWorldModel, topic: string, jointTopic: string, timeoutS: number): Promise<Scene> {
  const { manifest } = model;
  const [{ lookNow }, { FR3_JOINTS, fr3ActionsOf, fr3Model }, { readFile }] =
    await Promise.all([import("../ros/look-now.js"), import("../robot/fr3.js"), import("node:fs/promises")]);
  if (manifest.state.frame !== "base" || manifest.action.kind !== "ee_delta") {
    throw new Error(`the state of bundle ${manifest.name} (${manifest.action.kind}, ${manifest.state.frame} frame) is not made from joints here: give --picture FILE and --state`);
  }
  const { image, joints } = await lookNow({ topic, jointTopic, jointNames: FR3_JOINTS, timeoutS });
  const actions = fr3ActionsOf(await fr3Model(await readFile(demoUrdf(PROJECT_ROOT), "utf8")), manifest);
  return { ...(await lookAt(model, image, "picture")), state: actions.state(joints) };
}
