import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { WebSocket } from "ws";

import { findChromium, openBrowser } from "../../bench/dashboard/open-browser.js";
import { DashboardRig } from "../../bench/dashboard/rig.js";
import { graphEnv, ROOT, SKIP } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { Browser, Page } from "playwright-core";
import type { Seen, SeenStatus } from "./stranger.js";

const chromium = await findChromium();
const WHY_NOT: string | false = SKIP !== false ? SKIP : "why" in chromium ? chromium.why : false;
/** How long anything may take on a busy machine, ms. */
const PATIENCE_MS = 90_000;
/** So many control periods more than without browsers may be missed while they do their worst: the machine has other work, too. */
const MISSED_SLACK = 5;

/** Browsers that draw without a graphics card leave little of a small machine for planning: simulated time goes slower, and plans have so much longer. */
const PACE = 0.2;
const DEADLINE_MS = 700;
/** A tolerance that any picture meets. */
const REACHED_AT_ONCE = 1e6;

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
}

describe("the dashboard in Chromium, with simulator and controller", { skip: WHY_NOT, timeout: 900_000 }, () => {
  const env = graphEnv();
  const problems: string[] = [];
  let rig: DashboardRig;
  let browser: Browser;
  let page: Page;
  let stranger: Stranger;
  /** Set when the controller is killed, at the end. */
  let lost = false;

  before(async () => {
    rig = await DashboardRig.start({ env, seed: 4, pace: PACE, deadlineMs: DEADLINE_MS, goals: { "at-start": "start", left: 4 }, sequences: { tour: [{ goal: "at-start", tolerance: REACHED_AT_ONCE }, { goal: "left" }] } });
    stranger = await Stranger.start(env);
    browser = await openBrowser(chromium as Extract<typeof chromium, { path: string }>);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => { problems.push(String(error)); });
    page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
    await page.goto(rig.url);
  });

  after(async () => {
    await browser?.close();
    await stranger?.end();
    await rig?.close();
  });

  beforeEach(async () => {
    if (!lost) await stranger.call("Trigger", "/jepa_mpc/reset");
  });

  const chip = (words: string, at = page): Promise<void> => at.locator("#state", { hasText: words }).waitFor({ timeout: PATIENCE_MS });
  const controllerIs = (state: string, from: number): Promise<Seen> => stranger.waitFor(
    (seen) => seen.event === "status" && (seen as SeenStatus).values["state"] === state, state, from, PATIENCE_MS);
  const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
    for (const end = Date.now() + PATIENCE_MS; !await holds(); await sleep(100)) assert.ok(Date.now() < end, `not in ${PATIENCE_MS} ms: ${what}`);
  };
  const answer = (id: string, text: string): Promise<void> => page.locator(id, { hasText: text }).waitFor();

  it("shows camera, joints, goals and parameters of the running controller", async () => {
    await chip("idle");
    await page.locator("#camera[aria-label^='Camera, live']").waitFor();
    // Not one colour: the camera's picture and not an empty canvas.
    const colours = await page.evaluate(`(() => {
      const canvas = document.querySelector("#camera");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 400) seen.add(data[i] >> 4 << 8 | data[i + 1] >> 4 << 4 | data[i + 2] >> 4);
      return seen.size;
    })()`);
    assert.ok(Number(colours) > 10, `${String(colours)} colours`);
    await page.locator("#joints tr", { hasText: "fr3_joint4" }).locator(".number", { hasText: /^-\d+\.\d°/ }).waitFor();
    assert.equal(await page.locator("#joints tr").count(), 8);
    assert.deepEqual(await page.locator("#goals .name").allTextContents(), ["at-start", "left", "tour"]);
    await page.getByLabel("planner.deadline_ms", { exact: true }).waitFor();
    // Only what may be set while it runs.
    assert.equal(await page.getByLabel("planner.samples", { exact: true }).count(), 0);
    await page.locator("#arm canvas").waitFor();
    for (const link of ["server", "controller", "camera"]) await page.locator(`#link-${link}[data-link='ok']`).waitFor();
  });

  it("goes for a goal that is chosen, shows its energy and its candidates, and comes nearer", async () => {
    const from = stranger.mark;
    await page.getByRole("button", { name: "Go to left" }).click();
    await controllerIs("planning", from);
    await chip("moving to the goal");
    await page.locator("#camera[aria-label*='places where candidates end']").waitFor();
    await page.locator("#energy .curve").waitFor({ state: "attached" });
    assert.match(await page.locator("#energy-text").innerText(), /^Energy [\d.e-]+, (steady|falling|rising)/);
    assert.ok(await page.locator("#goal-picture").isVisible());
    // On a busy machine plans are poor and the last centimetre takes long; how well it reaches is for the evaluation to say.
    await stranger.waitFor(
      (seen) => seen.event === "status" && ((seen as SeenStatus).values["state"] === "reached" || Number((seen as SeenStatus).values["energy_share"] ?? 1) < 0.5), "half of the way", from, PATIENCE_MS);
  });

  it("shows remembered frames near to where the plan leads", async () => {
    const from = stranger.mark;
    // The first goal is remembered by now.
    await page.getByRole("button", { name: "Go to at-start" }).click();
    await answer("#goals-answer", "The controller has the goal at-start.");
    await controllerIs("planning", from);
    await page.locator("#predicted img").first().waitFor();
    // Asked again and again from here: a condition that is polled in the page is not let through by its security policy.
    await until(async () => Number(await page.evaluate("document.querySelector('#predicted img')?.naturalWidth ?? 0")) > 0, "a remembered frame is drawn");
    assert.match(await page.locator("#predicted-sentence").innerText(), /^Remembered frames nearest to where the newest plan ends[^:]*$/);
    // The page found them where the controller's parameter says, not in its own folder.
    assert.deepEqual([existsSync(rig.memoryDir), existsSync(rig.otherMemoryDir)], [true, false]);
  });

  it("shows a sequence with its goals, goes for it and shows the sub-goal that is gone for", async () => {
    const card = page.locator("#goals .sequence", { has: page.locator(".name", { hasText: "tour" }) });
    assert.match(await card.locator(".note").innerText(), /^sequence of 2, /);
    assert.deepEqual(await card.getByRole("list", { name: "Goals of tour" }).getByRole("listitem").allInnerTexts(), ["at-start", "left"]);
    await card.scrollIntoViewIfNeeded();
    await until(async () => await page.evaluate("[...document.querySelectorAll('.steps img')].filter((image) => image.naturalWidth > 0).length") === 2, "the pictures of its goals are drawn");
    const from = stranger.mark;
    await page.getByRole("button", { name: "Go to tour, a sequence of 2" }).focus();
    // A card of which nothing changes stays where it is, whatever goal is gone for: a finger may be on its button.
    await page.evaluate("document.querySelector('[data-goal=left]').sameAsBefore = true");
    await page.keyboard.press("Enter");
    await answer("#goals-answer", "The controller has the goal tour.");
    for (const number of ["1", "2"]) {
      await stranger.waitFor((seen) => seen.event === "status" && (seen as SeenStatus).values["sub_goal_number"] === number, `sub-goal ${number}`, from, PATIENCE_MS);
    }
    // The first one is reached by any two pictures: what is seen of it on the page depends on when one looks.
    await card.locator(".progress", { hasText: "2 of 2: left" }).waitFor();
    assert.equal(await card.locator("[aria-current=step]").innerText(), "left");
    await page.locator("#numbers", { hasText: "2 of 2: left" }).waitFor();
    await page.locator("#goal-picture[alt='Goal tour, 2 of 2: left']").waitFor();
    assert.equal(await page.evaluate("document.querySelector('[data-goal=left]').sameAsBefore"), true);
    // What has the focus keeps it when its card is drawn anew.
    assert.match(String(await page.evaluate("document.activeElement.getAttribute('aria-label')")), /^Go again to tour/);
  });

  it("latches the stop: nothing is taken until a reset", async () => {
    let from = stranger.mark;
    await page.getByRole("button", { name: /Go( again)? to left/ }).click();
    await answer("#goals-answer", "The controller has the goal left.");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await controllerIs("stopped", from);
    await chip("stopped");
    await page.getByRole("button", { name: /Go( again)? to left/ }).click();
    await answer("#goals-answer", "The controller is stopped. Reset it");
    from = stranger.mark;
    await page.getByRole("button", { name: "Reset" }).click();
    await controllerIs("idle", from);
    await chip("idle");
  });

  it("is used with the keyboard alone", async () => {
    const focus = async (name: string): Promise<void> => {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent") === name) return;
      }
      throw new Error(`Tab does not come to "${name}"`);
    };
    await page.reload();
    await chip("idle");
    let from = stranger.mark;
    await focus("Go to left: moves the robot");
    // On a button the space bar presses it, and stops nothing.
    await page.keyboard.press("Space");
    await controllerIs("planning", from);
    from = stranger.mark;
    await page.keyboard.press("Escape");
    await controllerIs("stopped", from);
    await chip("stopped");
    from = stranger.mark;
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    await focus("Reset");
    await page.keyboard.press("Enter");
    await controllerIs("idle", from);
    await chip("idle");
    from = stranger.mark;
    await page.evaluate("document.activeElement.blur()");
    await page.keyboard.press("Space");
    await controllerIs("stopped", from);
    await page.getByRole("button", { name: "Reset" }).click();
    await chip("idle");
    // In a field for text, Escape stops and letters do not.
    from = stranger.mark;
    await page.getByLabel("Name", { exact: true }).fill("x");
    await page.keyboard.press("Escape");
    await controllerIs("stopped", from);
    await page.getByRole("button", { name: "Reset" }).click();
    await chip("idle");
  });

  it("sets a parameter in the controller, and says why when it is refused", async () => {
    const field = page.getByLabel("planner.deadline_ms", { exact: true });
    const set = page.getByRole("button", { name: "Set planner.deadline_ms" });
    await field.fill("123.5");
    await set.click();
    await answer("#parameters-answer", "planner.deadline_ms is 123.5.");
    const { values } = await stranger.call("GetParameters", "/jepa_mpc/get_parameters", { names: ["planner.deadline_ms"] }) as unknown as { values: unknown[] };
    assert.match(JSON.stringify(values), /123\.5/);
    await field.fill("-1");
    await set.click();
    await answer("#parameters-answer", "planner.deadline_ms must lie in 0 to 60000, not -1");
    await field.fill("soon");
    await set.click();
    await answer("#parameters-answer", "\"soon\" is not a number");
    await field.fill(String(DEADLINE_MS));
    await set.click();
    await answer("#parameters-answer", `planner.deadline_ms is ${DEADLINE_MS}.`);
  });

  it("shows what was sent once to parts of the page that are loaded after it was sent", async () => {
    const slow = await browser.newPage();
    for (const part of ["main.js", "arm-view.js"]) await slow.route(`**/page/${part}`, async (route) => { await sleep(2000); await route.continue(); });
    await slow.goto(rig.url);
    await chip("idle", slow);
    await slow.getByLabel("planner.deadline_ms", { exact: true }).waitFor({ timeout: PATIENCE_MS });
    await until(async () => await slow.evaluate("performance.getEntriesByName(new URL('/robot.urdf', location.href).href).length") === 1, "the arm is asked for");
    await slow.close();
  });

  it("keeps the camera's picture as a goal", async () => {
    await page.getByLabel("Name", { exact: true }).fill("from-the-page");
    await page.getByRole("button", { name: "Keep", exact: true }).click();
    await answer("#goals-answer", "Goal from-the-page is kept");
    await page.getByRole("button", { name: "Go to from-the-page" }).waitFor();
    assert.equal((await rig.goals.get("from-the-page")).source, "dashboard");
  });

  it("fits a phone, with the stop in view wherever one has scrolled to", async () => {
    const phone = await browser.newPage({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
    await phone.goto(rig.url);
    await chip("idle", phone);
    await phone.locator("#joints tr", { hasText: "fr3_joint4" }).waitFor();
    for (const place of ["0", "document.body.scrollHeight / 2", "document.body.scrollHeight"]) {
      await phone.evaluate(`scrollTo(0, ${place})`);
      const [wide, box] = [await phone.evaluate("document.documentElement.scrollWidth"), await phone.getByRole("button", { name: "Stop", exact: true }).boundingBox()];
      assert.ok(Number(wide) <= 360, `${String(wide)} pixels wide`);
      assert.ok(box !== null && box.y >= 0 && box.y + box.height <= 640 && box.width > 300 && box.height >= 64, JSON.stringify(box));
    }
    const from = stranger.mark;
    await phone.getByRole("button", { name: "Stop", exact: true }).tap();
    await controllerIs("stopped", from);
    await chip("stopped", phone);
    await phone.getByRole("button", { name: "Reset" }).tap();
    await chip("idle", phone);
    await phone.close();
  });

  it("has names, roles and landmarks for readers", async () => {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree") as unknown as { nodes: AxNode[] };
    const shown = nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => ({ role: role?.value ?? "", name: name?.value ?? "" }));
    for (const role of ["banner", "main", "contentinfo"]) assert.equal(shown.filter((node) => node.role === role).length, 1, role);
    const named = ["button", "textbox", "combobox", "checkbox", "image", "img", "meter", "region", "link", "form", "group", "heading", "table"];
    const nameless = shown.filter(({ role, name }) => named.includes(role) && name === "" && role !== "group" && role !== "table" && role !== "form");
    assert.deepEqual(nameless, []);
    assert.ok(shown.filter(({ role }) => role === "meter").length === 8);
    assert.ok(shown.filter(({ role }) => role === "region").length >= 8);
    const live = await page.evaluate("[...document.querySelectorAll('[aria-live], [role=alert], [role=status]')].map((part) => part.id)");
    for (const id of ["announce", "announce-stop", "alarm", "goals-answer"]) assert.ok((live as string[]).includes(id), id);
    // Each control can be seen to have the focus.
    const unseen = await page.evaluate(`[...document.querySelectorAll("button:enabled, input, select, a, canvas[tabindex]")].filter((control) => {
      control.focus({ preventScroll: true });
      return control.matches(":focus-visible") && getComputedStyle(control).outlineStyle === "none";
    }).map((control) => control.outerHTML.slice(0, 80))`);
    assert.deepEqual(unseen, []);
    assert.deepEqual(await lowContrast(page), []);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await lowContrast(page), []);
    await page.emulateMedia({ colorScheme: "light" });
    await session.detach();
  });

  it("takes nothing from the control loop, whatever browsers do", async () => {
    const missed = async (from: number): Promise<number> => {
      const seen = await stranger.waitFor<Seen & { inputs: Record<string, string> }>(
        (event) => event.event === "diagnostics" && "missed_periods" in (event as Seen & { inputs: object }).inputs, "diagnostics", from);
      return Number(seen.inputs["missed_periods"]);
    };
    /** Periods that are missed in ten seconds on the way to goals. */
    const during = async (): Promise<number> => {
      const before = await missed(stranger.mark);
      for (let i = 0; i < 2; i++) {
        await page.getByRole("button", { name: i % 2 === 0 ? /Go( again)? to at-start/ : /Go( again)? to left/ }).click();
        await sleep(5000);
      }
      return await missed(stranger.mark) - before;
    };
    const alone = await during();
    const origin = new URL(rig.url).origin;
    const sockets = Array.from({ length: 10 }, () => new WebSocket(`${origin.replace("http", "ws")}/live`, { headers: { origin } }));
    const noise = setInterval(() => {
      for (const [i, socket] of sockets.entries()) {
        if (socket.readyState !== WebSocket.OPEN) continue;
        // Half of them never read; the others ask for more than they may.
        if (i % 2 === 0) socket.pause();
        else for (let n = 0; n < 10; n++) socket.send("{\"do\":\"shown\"}");
      }
    }, 100);
    const crowded = await during();
    clearInterval(noise);
    for (const socket of sockets) socket.terminate();
    assert.ok(crowded <= alone + MISSED_SLACK, `${crowded} periods missed, ${alone} without the browsers`);
  });

  it("says large that a stop cannot be delivered when the controller or the server is lost", async () => {
    assert.equal(await page.locator("#alarm").isVisible(), false);
    lost = true;
    process.kill(rig.controller.pid!, "SIGKILL");
    await page.locator("#alarm", { hasText: "The controller is not heard: a stop cannot be delivered. Use the emergency stop." }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#alarm", { hasText: "STOP NOT CONFIRMED: use the emergency stop." }).waitFor();
    assert.equal(await page.locator("#alarm").getAttribute("role"), "alert");
    const before = problems.length;
    process.kill(rig.dashboard.pid!, "SIGKILL");
    await page.locator("#link-server[data-link='lost']").waitFor();
    // What is missing is in the console now, and no fault of the page.
    problems.length = before;
  });

  it("had no error of its own on the way", () => {
    assert.deepEqual(problems.filter((text) => !/503|ERR_CONNECTION|Failed to load resource|WebSocket/.test(text)), []);
  });
});

describe("jepa-mpc run --dashboard", { skip: SKIP, timeout: 120_000 }, () => {
  it("starts the page beside the node, and both end together", async () => {
    const child = spawn(process.execPath, [join(ROOT, "dist/src/cli/main.js"), "run", "--dashboard", "--dashboard-port", "0", "--", "-r", "__ns:=/cell"], { env: graphEnv(), stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
    const ended = new Promise((resolve) => { child.on("exit", resolve); });
    for (let i = 0; i < 600 && !out.includes("http://"); i++) await sleep(100);
    const url = /dashboard of \/cell\/jepa_mpc on (http:\S+)/.exec(out)?.[1];
    assert.ok(url !== undefined, out);
    assert.equal((await fetch(url)).status, 200);
    child.kill("SIGTERM");
    await ended;
    for (let i = 0; i < 100; i++) {
      if (await fetch(url).then(() => false, () => true)) return;
      await sleep(100);
    }
    assert.fail("the page is still served");
  });
});

/** Texts with less than 4.5 times the luminance of their ground, or the other way round (WCAG 2.2, 1.4.3); large ones need 3. */
function lowContrast(page: Page): Promise<unknown> {
  return page.evaluate(`(() => {
    const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (part) => {
      for (let at = part; at !== null; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const low = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walk.nextNode(); text !== null; text = walk.nextNode()) {
      const part = text.parentElement;
      if (text.data.trim() === "" || !part.checkVisibility() || part.closest(".unseen, noscript, script, :disabled, .none, option, .skip") !== null) continue;
      const style = getComputedStyle(part);
      const [a, b] = [luminance(parse(style.color)), luminance(ground(part))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) low.push([text.data.trim().slice(0, 40), ratio.toFixed(2)]);
    }
    return low;
  })()`);
}
