import yargs from "yargs";

import calibrate from "./calibrate.js";
import dashboard from "./dashboard.js";
import demo from "./demo.js";
import doctor from "./doctor.js";
import evaluation from "./eval.js";
import fineTune from "./fine-tune.js";
import goal, { GOAL_COMMANDS } from "./goal.js";
import { SEQUENCE_COMMANDS } from "./goal-sequence.js";
import importing from "./import.js";
import memory, { MEMORY_COMMANDS } from "./memory.js";
import plan from "./plan.js";
import play from "./play.js";
import { oneLine } from "./print.js";
import { projectVersion } from "./project.js";
import record from "./record.js";
import replay from "./replay.js";
import report from "./report.js";
import run from "./run.js";
import sim from "./sim.js";
import surprise, { SURPRISE_COMMANDS } from "./surprise.js";
import { UsageError } from "./usage-error.js";

import type { CommandModule } from "yargs";

const COMMANDS: readonly CommandModule[] = [goal, plan, run, dashboard, calibrate, sim, doctor, demo, evaluation, play, record, importing, fineTune, surprise, memory, report, replay];

/** Runs the command line. @returns the exit code; node commands go on running after it. */
async function main(argv: readonly string[]): Promise<number> {
  const parser = yargs([...argv])
    .scriptName("jepa-mpc")
    .usage("$0 <command>\n\nA ROS 2 controller that plans in a JEPA world model: goal image in, joint commands out.")
    .command([...COMMANDS])
    .demandCommand(1, "say what to do: goal, plan, run, dashboard, calibrate, sim, doctor, demo, eval, play, record, import, fine-tune, surprise, memory, report or replay")
    .strict()
    .recommendCommands()
    .option("debug", { type: "boolean", default: false, describe: "Print the stack of an error" })
    .example("$0 doctor", "is everything there?")
    .example("$0 goal add cup-left cup.png", "keep a goal picture")
    .example("$0 plan --start now.png --goal cup-left --png plan.png", "plan offline and look at it")
    .example("$0 run --goal cup-left", "start the controller")
    .help().alias("help", "h")
    .version(projectVersion())
    // Messages of yargs would follow the user's locale while all of ours are English.
    .locale("en")
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .parserConfiguration({
      "duplicate-arguments-array": false, "populate--": true, "parse-numbers": false, "parse-positional-numbers": false, "dot-notation": false,
    })
    // Throw, so that every failure is reported in one place and one way.
    .fail((message, error) => {
      throw error ?? new UsageError(inOurWords(message, argv));
    });
  try {
    await parser.parseAsync();
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    return complain(error, argv);
  }
}

function complain(error: unknown, argv: readonly string[]): number {
  const usage = error instanceof UsageError || (error instanceof Error && error.name === "YError");
  const hint = usage ? ` (see ${["jepa-mpc", ...knownWords(argv), "--help"].join(" ")})` : "";
  process.stderr.write(`jepa-mpc: ${oneLine(error)}${hint}\n`);
  if (argv.includes("--debug") && error instanceof Error) {
    process.stderr.write(`${error.stack ?? "no stack"}\n`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`caused by ${cause.stack ?? cause.message}\n`);
    }
  }
  return usage ? 2 : 1;
}

/** Yargs' complaints, where they do not name the word that is wrong or what is missing. */
function inOurWords(message: string, argv: readonly string[]): string {
  const known = knownWords(argv);
  const meant = /^Did you mean (.+)\?$/.exec(message);
  if (meant !== null) {
    return `unknown command ${JSON.stringify(argv[known.length] ?? "")}; did you mean ${meant[1]!}?`;
  }
  const choices = /Argument: (\S+), Given: (.+), Choices: (.+)/.exec(message);
  if (choices !== null) {
    return `--${choices[1]!} ${choices[2]!} is not one of ${choices[3]!}`;
  }
  if (message.startsWith("Not enough non-option arguments")) {
    const command = commandsBelow(known.slice(0, -1)).find((candidate) => nameOf(candidate) === known.at(-1));
    const wanted = String(command?.command).split(" ").slice(1).join(" ").toUpperCase();
    return `${known.join(" ")} needs ${wanted}`;
  }
  return message;
}

/** The commands at the beginning of the line: ["goal", "add"]. */
function knownWords(argv: readonly string[]): string[] {
  const known: string[] = [];
  for (const word of argv) {
    if (!commandsBelow(known).some((command) => nameOf(command) === word)) {
      break;
    }
    known.push(word);
  }
  return known;
}

/** What can follow these words. */
function commandsBelow(words: readonly string[]): readonly CommandModule[] {
  switch (words.join(" ")) {
    case "": return COMMANDS;
    case "goal": return GOAL_COMMANDS;
    case "goal sequence": return SEQUENCE_COMMANDS;
    case "memory": return MEMORY_COMMANDS;
    case "surprise": return SURPRISE_COMMANDS;
    default: return [];
  }
}

function nameOf(command: CommandModule): string {
  return String(command.command).split(" ")[0]!;
}

// `jepa-mpc goal list | head -1`: the reader has gone, which is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await main(process.argv.slice(2));
