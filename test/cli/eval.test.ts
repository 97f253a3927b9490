import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PROJECT_ROOT } from "../../src/cli/project.js";
import { assertOneLine, runCli } from "./run-cli.js";

let dir = "";
/** The tiny bundle's latent means nothing that a simulator could fill in. */
const cli = (...args: string[]) => runCli(args, { JEPA_MPC_BUNDLE: join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle") }, dir);

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-eval-"));
});
after(() => rm(dir, { recursive: true, force: true }));

test("the truth is not put in the place of an encoder whose latent nobody can read", async () => {
  assertOneLine(await cli("eval", "--policy", "true-perception", "--episodes", "1"), 2, /bundle tiny[^\n]* does not say that its latent is tool_x, .*perception cannot be replaced/);
});

test("a suite measures what can be measured, and says what it left out", async () => {
  const { code, stderr, stdout } = await cli(
    "eval", "--suite", "--task", "reach", "--env", "plain", "--episodes", "1", "--oracle-episodes", "1", "--max-steps", "1", "--workers", "1", "--out", "kept",
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^eval: left out 1 cells of true-perception: bundle tiny[^\n]*perception cannot be replaced$/m);
  assert.equal(stdout.match(/^task /gm)?.length, 4, stdout);
  const cells = (await readdir(join(dir, "kept"))).filter((file) => file.startsWith("reach."));
  assert.deepEqual(cells.map((file) => file.split(".")[2]).sort(), ["jepa", "oracle", "persistence", "random"]);
});

for (const [args, line] of [
  [["--exploration-floor", "0"], /--exploration-floor "0" is not a number from 0\.01 to 1/],
  [["--exploration-floor", "1.5"], /--exploration-floor "1\.5" is not a number/],
  [["--suite"], /give their folder with --out/],
  [["--suite", "--task", "tidy", "--out", "kept"], /--task tidy is in no suite: leave --suite out/],
  [["--keep-failures", "3"], /--keep-failures 3 needs --out DIR/],
  [["--task", "fly"], /--task "fly" is not one of "reach"/],
] as const) {
  test(`eval ${args.join(" ")} is refused in one line`, async () => {
    assertOneLine(await cli("eval", ...args), 2, line);
  });
}
