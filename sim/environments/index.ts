export { type Environment, PLAIN_ENVIRONMENT } from "./environment.js";
export { drawEnvironment, drawObjects, ENVIRONMENT_FAMILIES, type EnvironmentFamily } from "./families.js";
