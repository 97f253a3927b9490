import { defineCommand } from "./command.js";
import { EPISODE_ARGUMENT, findEpisode, MEMORY_OPTION } from "./find-episode.js";
import { sizeText } from "./open-memory.js";
import { print, printJson, shortNumber, table } from "./print.js";

export default defineCommand({
  command: "show <episode>",
  describe: "Show what happened in an episode, also in one that is being written",
  builder: (yargs) =>
    yargs
      .positional("episode", EPISODE_ARGUMENT)
      .option("json", { type: "boolean", default: false, describe: "Print JSON, with states and plans, without pictures and latents" })
      .option("memory", MEMORY_OPTION)
      .example("$0 memory show last", "")
      .example("$0 memory show 20261123T0440 --json", "by the beginning of its id"),
  handler: async (args) => {
    const file = await findEpisode(args.episode, args.memory);
    const { readEncodedEpisode } = await import("../memory/read-encoded-episode.js");
    const { header, steps, events, outcome, ended } = await readEncodedEpisode(file);
    const bytes = steps.reduce((sum, { picture }) => sum + picture.data.length, 0);
    if (args.json) {
      printJson({
        file, ended, header: { ...header, subGoals: header.subGoals.map(({ name }) => name) }, outcome, events,
        steps: steps.map(({ picture: _picture, latent: _latent, predicted: _predicted, ...step }) => ({
          ...step, jointPositions: [...step.jointPositions], jointVelocities: [...step.jointVelocities], state: [...step.state], actions: [...step.actions], stepEnergies: [...step.stepEnergies],
        })),
      });
      return;
    }
    const planMs = steps.map((step) => step.planMs).sort((a, b) => a - b);
    const calibrated = header.calibration === undefined ? "none" : "yes";
    print(...table([
      ["episode", header.id],
      ["file", `${file}${ended ? "" : " (without its end)"}`],
      ["goal", header.subGoals.length === 1 ? header.goal : `${header.goal}: ${header.subGoals.map(({ name }) => name).join(", ")}`],
      ["source", header.source],
      ["bundle", `${header.bundle.name} (encoder ${header.bundle.encoderSha256.slice(0, 12)}, roll-out ${header.bundle.rolloutSha256.slice(0, 12)})`],
      ["calibration", calibrated],
      ["outcome", `${outcome.kind}: ${outcome.sentence}`],
      ...(outcome.truth === undefined ? [] : [["truth", `${outcome.truth.success ? "success" : "failure"}, ${shortNumber(100 * outcome.truth.finalDistanceM)} cm from its place`]]),
      ["steps", `${steps.length}${outcome.droppedSteps === undefined ? "" : `, and ${outcome.droppedSteps} that could not be recorded in time`}, one every ${header.periodS} s`],
      ...(steps.length === 0 ? [] : [
        ["energy", `${shortNumber(steps[0]!.startEnergy)} to ${shortNumber(steps.at(-1)!.startEnergy)}, reached below ${shortNumber(header.reachedBelow)}`],
        ["plan time", `median ${shortNumber(planMs[Math.floor(planMs.length / 2)]!)} ms, longest ${shortNumber(planMs.at(-1)!)} ms`],
        ["pictures", `${steps[0]!.picture.format}, ${sizeText(bytes)}`],
      ]),
    ]));
    print("", ...table(events.map(({ timeS, state, sentence }) => [`${timeS.toFixed(2)} s`, state, sentence]), ["right"]));
  },
});
