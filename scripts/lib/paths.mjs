import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const embeddedPrefix = join(projectRoot, ".env-ros");
export const benchPrefix = join(projectRoot, ".env-bench");
export const trainingPrefix = join(projectRoot, ".env-training");
export const servingPrefix = join(projectRoot, ".env-serving");
export const rayPrefix = join(projectRoot, ".env-ray");
