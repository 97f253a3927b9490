import loadMujoco, { type MainModule } from "@mujoco/mujoco";

/** The MuJoCo WebAssembly module. */
export type Mujoco = MainModule;

let loaded: Promise<Mujoco> | undefined;

/** Loads MuJoCo once a thread; later calls share the module (and its WebAssembly memory). */
export function mujoco(): Promise<Mujoco> {
  loaded ??= loadMujoco();
  return loaded;
}
