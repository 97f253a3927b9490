import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import packaged from "@sparticuz/chromium";
import { chromium } from "playwright-core";

import type { Browser } from "playwright-core";

/** Arguments of the package that would switch off what is to be tested (whose pages may speak to whom), or share a process with what may crash. */
const NOT_OURS = ["--disable-web-security", "--allow-running-insecure-content", "--single-process", "--no-zygote", "--in-process-gpu", "--headless='shell'"];

/** Where a Chromium is, or the line that says why there is none. */
export type Found = { readonly path: string; readonly args: readonly string[] } | { readonly why: string };

/** The Chromium of the package @sparticuz/chromium where it runs; else `$CHROMIUM`, else one in PATH. */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<Found> {
  const named = env["CHROMIUM"] ?? "";
  const inPath = (env["PATH"] ?? "").split(delimiter).flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)));
  const other = named !== "" ? named : inPath.find((file) => existsSync(file));
  const reasons: string[] = [];
  for (const candidate of [
    async () => ({ path: await packaged.executablePath(), args: packaged.args.filter((argument) => !NOT_OURS.includes(argument)) }),
    ...(other === undefined ? [] : [() => Promise.resolve({ path: other, args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"] })]),
  ]) {
    try {
      const found = await candidate();
      const tried = spawnSync(found.path, ["--version"], { encoding: "utf8", timeout: 30_000 });
      if (tried.status === 0) return found;
      reasons.push(`${found.path} does not run: ${(tried.stderr ?? tried.error?.message ?? "").trim().split("\n")[0]}`);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { why: `no Chromium: ${reasons.join("; ")}; set CHROMIUM to one` };
}

export function openBrowser({ path, args }: Extract<Found, { path: string }>): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: [...args] });
}
