/** Simulated time that stands still this long (real seconds) counts as stopped. */
const STALL_S = 1;
/** Simulated time may run so many times faster than real time; what goes ahead faster is a jump of the clock. */
const FASTEST = 100;
/** A jump of less than this is none (s): messages come in bursts. */
const LEAST_JUMP_S = 0.5;

/**
 * The clock of control: seconds that never go back and never stop, whatever the time source does.
 *
 * Without simulated time it is the steady clock. With it, control has to keep the pace of the simulation, so it follows
 * ROS time; but watchdogs must fire when the simulator is gone, so it runs on with the steady clock once ROS time has
 * stood still for a second. A jump back (the simulator started anew) adds nothing, nor does one ahead: nothing has happened
 * meanwhile, and a robot in motion is where it was.
 */
export class ControlClock {
  readonly #steadyS: () => number;
  readonly #simTimeS: (() => number) | undefined;
  #now = 0;
  #lastSteady: number;
  #lastSim: number;
  #simMovedAt: number;

  /** @param steadyS monotonic seconds. @param simTimeS ROS time when it is simulated, else undefined. */
  constructor(steadyS: () => number, simTimeS?: () => number) {
    this.#steadyS = steadyS;
    this.#simTimeS = simTimeS;
    this.#lastSteady = steadyS();
    this.#lastSim = simTimeS?.() ?? 0;
    this.#simMovedAt = this.#lastSteady;
  }

  /** Whether simulated time has stood still for so long that it counts as stopped. */
  get stopped(): boolean {
    return this.#simTimeS !== undefined && this.#simTimeS() === this.#lastSim && this.#steadyS() - this.#simMovedAt > STALL_S;
  }

  /** Seconds since the clock was made. */
  now(): number {
    const steady = this.#steadyS();
    if (this.#simTimeS === undefined) {
      this.#now += steady - this.#lastSteady;
      this.#lastSteady = steady;
      return this.#now;
    }
    const sim = this.#simTimeS();
    if (sim !== this.#lastSim) {
      // The first clock message jumps from zero to wherever the simulation is: no time has passed for us.
      const passed = this.#lastSim === 0 ? 0 : Math.max(0, sim - this.#lastSim);
      this.#now += passed > LEAST_JUMP_S + FASTEST * (steady - this.#lastSteady) ? 0 : passed;
      this.#lastSim = sim;
      this.#simMovedAt = steady;
    } else if (steady - this.#simMovedAt > STALL_S) {
      this.#now += steady - Math.max(this.#lastSteady, this.#simMovedAt + STALL_S);
    }
    this.#lastSteady = steady;
    return this.#now;
  }
}
