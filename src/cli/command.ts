import type { Argv, ArgumentsCamelCase, CommandModule } from "yargs";

/** A command with typed arguments: what the builder declares is what the handler is given. */
export interface Command<Args> {
  readonly command: string;
  readonly describe: string;
  readonly builder: (yargs: Argv) => Argv<Args>;
  readonly handler: (args: ArgumentsCamelCase<Args>) => Promise<void> | void;
}

/** Yargs' own type of a command cannot infer the arguments from the builder; this can. */
export function defineCommand<Args>(command: Command<Args>): CommandModule {
  return command as unknown as CommandModule;
}
