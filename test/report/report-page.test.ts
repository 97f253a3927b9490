import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import Chromium from "@sparticuz/chromium";
import { chromium } from "playwright-core";

import { episodeReport } from "../../src/report/episode-report.js";
import { madeUpEpisode } from "../memory/made-up-episode.js";

const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-report-page-"));
after(() => rm(folder, { recursive: true, force: true }));
const SKIP = process.platform === "linux" && process.arch === "x64" ? false : "the Chromium of the package is for x86-64 Linux";

interface Seen {
  readonly wide: number;
  readonly pictures: readonly (readonly [loaded: boolean, named: boolean])[];
  readonly charts: readonly string[];
  readonly background: string;
  readonly chartText: string;
}

/** Runs in the browser. */
const LOOK = `({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  pictures: [...document.images].map(({ naturalWidth, alt }) => [naturalWidth > 0, alt !== ""]),
  charts: [...document.querySelectorAll(".chart [role=img]")].map((chart) => chart.getAttribute("aria-label") ?? ""),
  background: getComputedStyle(document.body).backgroundColor,
  chartText: getComputedStyle(document.querySelector('.chart svg text[fill="#2b2b2b"]')).fill,
})`;

test("the page of an episode, in a browser", { skip: SKIP, timeout: 180_000 }, async (context) => {
  const file = join(folder, "episode.html");
  await writeFile(file, await episodeReport(madeUpEpisode({ seed: 7, steps: 30, subGoals: 2, side: 48 }), { by: "a test" }));
  const browser = await chromium.launch({ executablePath: await Chromium.executablePath(), args: ["--no-sandbox"], headless: true });
  context.after(() => browser.close());
  for (const [name, options] of [
    ["on a desk", { viewport: { width: 1200, height: 900 }, colorScheme: "light" }], ["on a phone at night", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
  ] as const) {
    await context.test(name, async () => {
      const page = await browser.newPage(options);
      const said: string[] = [];
      page.on("console", (message) => { said.push(message.text()); });
      page.on("pageerror", (error) => { said.push(error.message); });
      page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) said.push(request.url()); });
      await page.goto(pathToFileURL(file).href);
      assert.deepEqual(said, [], "no complaint of the content security policy, no request");
      const seen = await page.evaluate<Seen>(LOOK);
      assert.ok(seen.wide <= 0, `${seen.wide} px have to be scrolled sideways`);
      assert.equal(seen.pictures.length, 13, "twelve frames and the one goal with a picture");
      assert.ok(seen.pictures.every(([loaded, named]) => loaded && named));
      assert.ok(seen.charts.length >= 3 && seen.charts.every((sentence) => sentence.length > 20), seen.charts.join(" | "));
      const dark = options.colorScheme === "dark";
      const lightness = (colour: string): number => Math.max(...colour.match(/\d+/g)!.slice(0, 3).map(Number));
      assert.ok(dark ? lightness(seen.background) < 60 : lightness(seen.background) > 230, seen.background);
      assert.ok(dark ? lightness(seen.chartText) > 200 : lightness(seen.chartText) < 80, seen.chartText);
      // With the keyboard alone: the table of steps opens and is a named region.
      await page.locator("summary").first().focus();
      await page.keyboard.press("Enter");
      const steps = page.getByRole("region", { name: "Steps" });
      assert.equal(await steps.getByRole("row").count(), 31);
      assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Going for “cup-left”");
      await page.close();
    });
  }
});
