export { type Environment, PLAIN_ENVIRONMENT } from "./environment.js";
export { CAMERA_PIVOT_M, turnCamera } from "./turn-camera.js";
export { evaluationRoomSeed, ROOMS_VERSION, trainingRoomSeed } from "./room-seeds.js";
export { drawEnvironment, drawObjects, ENVIRONMENT_FAMILIES, type EnvironmentFamily } from "./families.js";
