import type { ParameterSummary, SettableValue } from "../../src/dashboard/messages.js";
import type { Done, RobotEvents, RobotFacts, RobotPort } from "../../src/dashboard/robot-port.js";

/** A robot that counts what it is asked and says what a test makes it say: the server is tested here, not the graph. */
export class QuietRobot implements RobotPort {
  readonly node = "/jepa_mpc";
  readonly events: RobotEvents;
  stops = 0;
  goals: string[] = [];
  watched = false;
  /** Of its parameters. */
  memoryDir = "";
  /** Answers stops when called. */
  answerStops: (() => void) | undefined;
  stopsAnswerAtOnce = true;

  constructor(events: RobotEvents) {
    this.events = events;
  }

  stop(): Promise<Done> {
    this.stops++;
    const done = { ok: true, message: "stopped" };
    return this.stopsAnswerAtOnce ? Promise.resolve(done) : new Promise((resolve) => { this.answerStops = () => { resolve(done); }; });
  }

  reset(): Promise<Done> {
    return Promise.resolve({ ok: true, message: "reset" });
  }

  pause(on: boolean): Promise<Done> {
    return Promise.resolve({ ok: true, message: on ? "paused" : "going on" });
  }

  sendGoal(name: string): Promise<Done> {
    this.goals.push(name);
    return Promise.resolve({ ok: true, message: name });
  }

  parameters(): Promise<readonly ParameterSummary[]> {
    return Promise.resolve([]);
  }

  setParameter(name: string, value: SettableValue): Promise<Done> {
    return Promise.resolve({ ok: true, message: `${name} ${value}` });
  }

  facts(): Promise<RobotFacts> {
    return Promise.resolve({ joints: [], memoryDir: this.memoryDir, urdf: "<robot name=\"r\"><link name=\"a\"><visual><geometry><mesh filename=\"/nowhere/a.stl\"/></geometry></visual></link></robot>" });
  }

  watch(on: boolean): void {
    this.watched = on;
  }

  close(): void {
    this.watched = false;
  }
}
