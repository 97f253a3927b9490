import { readFile } from "node:fs/promises";

import { McapStreamReader } from "@mcap/core";
import type { McapTypes } from "@mcap/core";

import { oneLine } from "../text/one-line.js";
import { EPISODE_CHANNELS, EPISODE_METADATA, STEP_NUMBERS, type EpisodeChannel } from "./episode-channels.js";
import { parseHeader, parseOutcome } from "./episode-metadata.js";
import { PROCESS_MARK, type ProcessMark } from "./process-mark.js";
import { decodeMessage, type MessageTypes } from "./ros2-messages.js";

import type { EncodedPicture } from "./encode-picture.js";
import type { EncodedGoal, EncodedStep } from "./episode-writer.js";
import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeTerm } from "./episode.js";
import type { CompressedImageMessage } from "./message-types.js";

/** An episode whose pictures are still packed. */
export interface EncodedEpisode {
  /** Its goals without pictures. */
  readonly header: EpisodeHeader;
  readonly goals: readonly EncodedGoal[];
  readonly steps: readonly EncodedStep[];
  readonly events: readonly EpisodeEvent[];
  readonly outcome: EpisodeOutcome;
  /** Whether the file has its end: it was neither cut off nor is it being written. */
  readonly ended: boolean;
  /** Who wrote it, where the file says. */
  readonly writer?: ProcessMark;
}

/** Messages of one step, by channel. */
type Parts = { -readonly [C in EpisodeChannel]?: MessageTypes[(typeof EPISODE_CHANNELS)[C]["type"]] };

const CHANNEL_OF = new Map<string, EpisodeChannel>(Object.entries(EPISODE_CHANNELS).map(([name, { topic }]) => [topic, name as EpisodeChannel]));

/**
 * Reads an episode, or the whole steps of one whose end is missing.
 *
 * @throws Error with one line that names the file: not there, no episode, damaged.
 */
export async function readEncodedEpisode(file: string): Promise<EncodedEpisode> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new Error(`cannot read episode ${file}: ${code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "permission denied" : oneLine(error)}`, { cause: error });
  }
  return parseEpisode(bytes, file);
}

/** As readEncodedEpisode(), of a file's bytes. */
export async function parseEpisode(bytes: Uint8Array, file: string): Promise<EncodedEpisode> {
  const log = await readLog(bytes, file);
  const json = log.metadata.get(EPISODE_METADATA.header);
  if (json === undefined) throw new Error(`${file} is not an episode: it has no metadata ${EPISODE_METADATA.header}`);
  const { subGoalNames, ...plain } = parseHeader(json, file);
  const goals = goalsOf(subGoalNames, log.parts("goal"), file);
  const header: EpisodeHeader = { ...plain, subGoals: goals.map(({ name, latent }) => ({ name, latent })) };
  const steps = stepsOf(header, log.parts("step"), file);
  const outcome = log.metadata.get(EPISODE_METADATA.outcome);
  const mark = PROCESS_MARK.safeParse(safeJson(log.metadata.get(EPISODE_METADATA.writer)));
  const ended = log.ended && outcome !== undefined;
  return {
    header, goals, steps, events: log.events, ended,
    outcome: outcome === undefined ? interrupted(header, steps, log.events) : parseOutcome(outcome, file),
    ...(mark.success ? { writer: mark.data } : {}),
  };
}

/** What is in the file, sorted but not yet judged. */
interface Log {
  readonly metadata: ReadonlyMap<string, string>;
  readonly events: readonly EpisodeEvent[];
  readonly ended: boolean;
  /** Of goals or steps, by their index, in its order. */
  parts(of: "goal" | "step"): (readonly [index: number, parts: Parts])[];
}

async function readLog(bytes: Uint8Array, file: string): Promise<Log> {
  try {
    return sortRecords(bytes, file);
  } catch (error) {
    // Our own files are not compressed; tools that rewrite them may do it.
    if (!(error instanceof Error && error.message.startsWith("Unsupported compression"))) throw error;
    const { loadDecompressHandlers } = await import("@mcap/support");
    return sortRecords(bytes, file, await loadDecompressHandlers());
  }
}

function sortRecords(bytes: Uint8Array, file: string, decompressHandlers: McapTypes.DecompressHandlers = {}): Log {
  const reader = new McapStreamReader({ decompressHandlers });
  const metadata = new Map<string, string>();
  const channels = new Map<number, EpisodeChannel>();
  const all = { goal: new Map<number, Parts>(), step: new Map<number, Parts>() };
  const events: EpisodeEvent[] = [];
  reader.append(bytes);
  for (;;) {
    let record: McapTypes.TypedMcapRecord | undefined;
    try {
      record = reader.nextRecord();
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Unsupported compression")) throw error;
      // A power cut may leave anything behind what was written last; damage within a file that has its end is another matter.
      if (metadata.size > 0 && !endsWhole(bytes)) break;
      throw new Error(`${file} is ${metadata.size > 0 ? "damaged" : "not an MCAP file"}: ${oneLine(error)}`, { cause: error });
    }
    if (record === undefined) break;
    if (record.type === "Metadata") metadata.set(record.name, record.metadata.get("json") ?? "");
    else if (record.type === "Channel") {
      const name = CHANNEL_OF.get(record.topic);
      if (name !== undefined) channels.set(record.id, name);
    } else if (record.type === "Message") {
      const name = channels.get(record.channelId);
      if (name === undefined) continue;
      const value = decodeMessage(EPISODE_CHANNELS[name].type, record.data);
      if (name === "status") {
        events.push(eventOf(value as MessageTypes["diagnostic_msgs/msg/DiagnosticStatus"]));
        continue;
      }
      const of = all[name === "goalImage" || name === "goalLatent" ? "goal" : "step"];
      let parts = of.get(record.sequence);
      if (parts === undefined) of.set(record.sequence, parts = {});
      (parts as Record<string, unknown>)[name] = value;
    }
  }
  return {
    metadata, events, ended: reader.done(),
    parts: (of) => [...all[of]].sort(([a], [b]) => a - b),
  };
}

/** Whether the file has MCAP's last magic bytes. */
function endsWhole(bytes: Uint8Array): boolean {
  return bytes.length >= 16 && Buffer.compare(bytes.subarray(-8), bytes.subarray(0, 8)) === 0;
}

function goalsOf(subGoalNames: readonly string[], parts: ReturnType<Log["parts"]>, file: string): EncodedGoal[] {
  const known = new Map(parts);
  const goals = subGoalNames.map((name, i): EncodedGoal => {
    const { goalLatent, goalImage } = known.get(i) ?? {};
    if (goalLatent === undefined) throw new Error(`${file} is damaged: the latent of goal ${JSON.stringify(name)} is missing`);
    return { name, latent: float32(goalLatent.data), ...(goalImage === undefined ? {} : { picture: pictureOf(goalImage, file) }) };
  });
  for (const { name, latent } of goals) checkLength(file, `the latent of goal ${JSON.stringify(name)}`, latent, goals[0]!.latent.length);
  return goals;
}

function stepsOf(header: EpisodeHeader, parts: ReturnType<Log["parts"]>, file: string): EncodedStep[] {
  return parts.flatMap(([index, p]): EncodedStep[] => {
    const { image, jointStates, plan, stepEnergies, state, latent, predicted, objective, unlikeness } = p;
    const numbers = STEP_NUMBERS.map((name) => [name, p[name]?.data] as const);
    if (
      image === undefined || jointStates === undefined || plan === undefined || stepEnergies === undefined || state === undefined || latent === undefined ||
      objective === undefined || numbers.some(([, value]) => value === undefined)
    ) {
      // The picture of a step whose numbers never came.
      return [];
    }
    const of = (what: string): string => `the ${what} of step ${index}`;
    const latentDim = header.subGoals[0]!.latent.length;
    checkLength(file, of("joint positions"), jointStates.position, header.jointNames.length);
    checkLength(file, of("joint velocities"), jointStates.velocity, header.jointNames.length);
    checkLength(file, of("state"), state.data, header.stateNames.length);
    checkLength(file, of("latent"), latent.data, latentDim);
    if (predicted !== undefined) checkLength(file, of("predicted latent"), predicted.data, latentDim);
    checkLength(file, of("plan"), plan.data, stepEnergies.data.length * header.actionNames.length);
    const known = Object.fromEntries(numbers) as Record<(typeof STEP_NUMBERS)[number], number>;
    if (!Number.isInteger(known.subGoal) || header.subGoals[known.subGoal] === undefined) {
      throw new Error(`${file} is damaged: step ${index} is of sub-goal ${known.subGoal}, there are ${header.subGoals.length}`);
    }
    return [{
      index, ...known, picture: pictureOf(image, file),
      jointPositions: Float64Array.from(jointStates.position), jointVelocities: Float64Array.from(jointStates.velocity),
      state: float32(state.data), latent: float32(latent.data), actions: float32(plan.data), stepEnergies: float32(stepEnergies.data),
      terms: termsOf(objective), ...(predicted === undefined ? {} : { predicted: float32(predicted.data) }),
      ...(unlikeness === undefined ? {} : { unlikeness: unlikeness.data }),
    }];
  });
}

function termsOf({ values }: MessageTypes["diagnostic_msgs/msg/DiagnosticStatus"]): EpisodeTerm[] {
  const terms = new Map<string, { weight: number; mean: number; best: number }>();
  for (const { key, value } of values) {
    const dot = key.lastIndexOf(".");
    const [name, field] = [key.slice(0, dot), key.slice(dot + 1)];
    const term = terms.get(name) ?? { weight: NaN, mean: NaN, best: NaN };
    if (field === "weight" || field === "mean" || field === "best") term[field] = Number(value);
    terms.set(name, term);
  }
  return [...terms].map(([name, numbers]) => ({ name, ...numbers }));
}

function eventOf({ message, values }: MessageTypes["diagnostic_msgs/msg/DiagnosticStatus"]): EpisodeEvent {
  const value = (key: string): string | undefined => values.find((entry) => entry.key === key)?.value;
  const holdReason = value("hold_reason");
  const timeS = Number(value("time_s"));
  return { timeS: Number.isFinite(timeS) ? timeS : 0, state: value("state") ?? "", ...(holdReason === undefined ? {} : { holdReason }), sentence: message };
}

function pictureOf({ format, data }: CompressedImageMessage, file: string): EncodedPicture {
  if (format !== "png" && format !== "jpeg") throw new Error(`${file} is damaged: a picture's format is ${JSON.stringify(format)}; png or jpeg belongs there`);
  // A view of the whole file would keep all of it in memory for as long as one picture is.
  return { format, data: Uint8Array.from(data) };
}

function interrupted({ startedAt }: EpisodeHeader, steps: readonly EncodedStep[], events: readonly EpisodeEvent[]): EpisodeOutcome {
  const lastS = Math.max(0, steps.at(-1)?.timeS ?? 0, events.at(-1)?.timeS ?? 0);
  return {
    kind: "interrupted", sentence: "The process ended before the episode did.", steps: steps.length,
    endedAt: new Date(Date.parse(startedAt) + 1000 * lastS).toISOString(),
  };
}

function checkLength(file: string, what: string, values: ArrayLike<number>, wanted: number): void {
  if (values.length !== wanted) throw new Error(`${file} is damaged: ${what} has ${values.length} values, its header says ${wanted}`);
}

function float32(values: ArrayLike<number>): Float32Array {
  return Float32Array.from(values);
}

function safeJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
