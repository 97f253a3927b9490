import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** `--robot` of the commands that have an arm. */
export const ROBOT_OPTION = {
  type: "string", requiresArg: true, describe: "The arm: fr3, another name of config/robots/, or the path of a robot description [default: fr3]",
} as const;

/** For another process: a path is made absolute, a name stays one. */
export function robotArgument(robot: string): string {
  return /[/.]/.test(robot) && existsSync(robot) ? resolve(robot) : robot;
}
