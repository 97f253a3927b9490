/** The command line itself was wrong: exit code 2, where all other failures are 1. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
