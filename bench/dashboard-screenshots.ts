import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { confineToLoopback } from "../src/ros/loopback.js";
import { findChromium, openBrowser } from "./dashboard/open-browser.js";
import { DashboardRig } from "./dashboard/rig.js";

import type { Page } from "playwright-core";

/** Slowly, so that the pictures do not show how busy the machine is with drawing them. */
const PACE = 0.2;
const DEADLINE_MS = 700;

/**
 * The pictures of docs/dashboard.md: `bin/with-ros node dist/bench/dashboard-screenshots.js [folder]`. Real simulator, controller and Chromium; the arm moves while they are taken.
 */
async function main(folder: string): Promise<void> {
  const chromium = await findChromium();
  if ("why" in chromium) throw new Error(chromium.why);
  const env: NodeJS.ProcessEnv = { ...process.env, ROS_DOMAIN_ID: process.env["ROS_DOMAIN_ID"] ?? String(1 + (process.pid % 100)) };
  confineToLoopback(env);
  await mkdir(folder, { recursive: true });
  const rig = await DashboardRig.start({ env, seed: 4, pace: PACE, deadlineMs: DEADLINE_MS, pictureSide: 192, goals: { home: "start", "over-the-cup": 4, "other-scene": 7 } });
  const browser = await openBrowser(chromium);
  try {
    const desktop = { viewport: { width: 1440, height: 1000 } };
    const page = await browser.newPage({ ...desktop, colorScheme: "light" });
    page.on("console", (message) => { if (message.type() === "error") process.stderr.write(`${message.text()}\n`); });
    await page.goto(rig.url);
    await state(page, "idle");
    await page.getByRole("button", { name: "Go to over-the-cup" }).click();
    await state(page, "moving to the goal");
    // So that there is something to remember.
    await sleep(7000);
    await page.getByRole("button", { name: "Go to home" }).click();
    // Until the curve has something to tell.
    await sleep(7000);
    await shot(page, join(folder, "dashboard-light.png"));
    await page.emulateMedia({ colorScheme: "dark" });
    await page.getByRole("button", { name: "Go to over-the-cup" }).click();
    await sleep(7000);
    await shot(page, join(folder, "dashboard-dark.png"));
    const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme: "light" });
    await phone.goto(rig.url);
    await page.getByRole("button", { name: "Go to home" }).click();
    await sleep(2500);
    await shot(phone, join(folder, "dashboard-phone.png"));
    await phone.getByRole("button", { name: "Stop" }).tap();
    await state(phone, "stopped");
    await sleep(500);
    await shot(phone, join(folder, "dashboard-stopped.png"));
  } finally {
    await browser.close();
    await rig.close();
  }
}

async function state(page: Page, wanted: string): Promise<void> {
  await page.locator("#state", { hasText: wanted }).waitFor({ timeout: 60_000 });
}

async function shot(page: Page, path: string): Promise<void> {
  await page.evaluate("scrollTo(0, 0)");
  await sleep(700);
  await page.screenshot({ path, animations: "disabled" });
  process.stdout.write(`${path}\n`);
}

main(resolve(process.argv[2] ?? join("docs", "images"))).catch((error: unknown) => {
  process.stderr.write(`dashboard-screenshots: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
