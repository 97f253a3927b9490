import { LEVEL } from "./status-message.js";

/** What came in over some time, and how often it should. */
export interface InputCounts {
  readonly frames: number;
  readonly jointStates: number;
  /** Seconds on the clock of control. */
  readonly spanS: number;
  /** Nominal rates, Hz. */
  readonly cameraHz: number;
  readonly jointStatesHz: number;
}

/** Share of a nominal rate below which an input counts as slow. */
const SLOW_BELOW = 0.8;

/** Judges the rates of the inputs: none at all is stale, fewer than nominal a warning. The sentence says which and how many. */
export function judgeInputRates({ frames, jointStates, spanS, cameraHz, jointStatesHz }: InputCounts): { readonly level: number; readonly message: string } {
  const imageHz = frames / spanS;
  const jointHz = jointStates / spanS;
  const message = `${imageHz.toFixed(1)} pictures and ${jointHz.toFixed(1)} joint states a second`;
  if (frames === 0 || jointStates === 0) return { level: LEVEL.stale, message };
  const slow = [
    ...(imageHz < SLOW_BELOW * cameraHz ? [`pictures should come at ${cameraHz.toFixed(1)} Hz`] : []),
    ...(jointHz < SLOW_BELOW * jointStatesHz ? [`joint states should come at ${jointStatesHz.toFixed(1)} Hz`] : []),
  ];
  return slow.length === 0 ? { level: LEVEL.ok, message } : { level: LEVEL.warn, message: `${message}; ${slow.join(", ")}` };
}
