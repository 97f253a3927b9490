import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { encodePicture } from "./encode-picture.js";
import { EPISODE_CHANNELS, EPISODE_METADATA, STEP_NUMBERS, type EpisodeChannel } from "./episode-channels.js";
import { PART } from "./episode-files.js";
import { formatHeader, formatOutcome } from "./episode-metadata.js";
import { McapChunkFile, type ChunkFileMessage } from "./mcap-chunk-file.js";
import { ownMark } from "./process-mark.js";
import { encodeMessage, messageDefinition, type MessageTypes } from "./ros2-messages.js";

import type { EncodedPicture } from "./encode-picture.js";
import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "./episode.js";
import type { MultiArrayMessage, StampedHeader } from "./message-types.js";

/** A step whose picture is encoded already. */
export type EncodedStep = Omit<EpisodeStep, "image"> & { readonly picture: EncodedPicture };

/** A goal whose picture is encoded already. */
export interface EncodedGoal {
  readonly name: string;
  readonly latent: Float32Array;
  readonly picture?: EncodedPicture;
}

const NAMES = Object.keys(EPISODE_CHANNELS) as EpisodeChannel[];
const INDEX = new Map(NAMES.map((name, i) => [name, i]));

/** The disk is waited for so often at most, ms: what a power cut can lose. */
const SYNC_EVERY_MS = 1000;

/**
 * Writes one episode as an MCAP file: profile ros2, CDR messages with their definitions. Each step is handed to the system in one
 * write, so a killed process loses no step whose write() has resolved; a power cut loses about a second. While it is written the file is
 * `<id>.mcap.part`; end() renames it.
 *
 * Calls are to be awaited one after the other.
 */
export class EpisodeWriter {
  readonly #header: EpisodeHeader;
  readonly #file: McapChunkFile;
  readonly #part: string;
  readonly #final: string;
  readonly #startNs: bigint;
  #steps = 0;
  #syncedMs = performance.now();

  /**
   * Begins an episode; the file holds the header and the goals when this resolves.
   *
   * @param folder made when it is not there.
   * @throws Error of the file system.
   */
  static async begin(folder: string, header: EpisodeHeader): Promise<EpisodeWriter> {
    const goals = await Promise.all(header.subGoals.map(async ({ name, latent, image }): Promise<EncodedGoal> =>
      ({ name, latent, ...(image === undefined ? {} : { picture: await encodePicture(image) }) })));
    return EpisodeWriter.beginEncoded(folder, header, goals, `${header.id}.mcap${PART}`);
  }

  /** As begin(), with goals that are encoded already. @param part name of the file while it is written. */
  static beginEncoded(folder: string, header: EpisodeHeader, goals: readonly EncodedGoal[], part: string): EpisodeWriter {
    // Pictures of somebody's rooms.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new EpisodeWriter(folder, header, goals, part);
  }

  private constructor(folder: string, header: EpisodeHeader, goals: readonly EncodedGoal[], part: string) {
    this.#header = header;
    this.#part = join(folder, part);
    this.#final = join(folder, `${header.id}.mcap`);
    this.#startNs = BigInt(Date.parse(header.startedAt)) * 1_000_000n;
    this.#file = new McapChunkFile(this.#part, "ros2", "jepa-mpc", NAMES.map((name) => {
      const { topic, type } = EPISODE_CHANNELS[name];
      return { topic, schemaName: type, schemaText: messageDefinition(type) };
    }));
    try {
      this.#file.addMetadata(EPISODE_METADATA.header, new Map([["json", formatHeader(header)]]));
      this.#file.addMetadata(EPISODE_METADATA.writer, new Map([["json", JSON.stringify(ownMark())]]));
      this.#file.addChunk(goals.flatMap(({ latent, picture }, i) => [
        this.#message("goalLatent", i, 0, multiArray([["latent", latent]], latent)),
        ...(picture === undefined ? [] : [this.#message("goalImage", i, 0, this.#compressed(picture, 0))]),
      ]));
      this.#file.flush();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Steps written. */
  get steps(): number {
    return this.#steps;
  }

  /** @throws Error of the file system; the file is as it was then. */
  async write(step: EpisodeStep): Promise<void> {
    const { image, ...rest } = step;
    this.writeEncoded({ ...rest, picture: await encodePicture(image) });
  }

  /** As write(), with a picture that is encoded already. */
  writeEncoded(step: EncodedStep): void {
    const { index, timeS } = step;
    const message = <C extends EpisodeChannel>(channel: C, value: MessageTypes[(typeof EPISODE_CHANNELS)[C]["type"]]): ChunkFileMessage =>
      this.#message(channel, index, timeS, value);
    // A chunk of its own: who reads only the numbers need not read the pictures.
    this.#file.addChunk([message("image", this.#compressed(step.picture, timeS))]);
    const horizon = step.stepEnergies.length;
    const { actionNames, stateNames } = this.#header;
    this.#file.addChunk([
      message("jointStates", {
        header: this.#stamped(timeS, ""), name: this.#header.jointNames, position: step.jointPositions, velocity: step.jointVelocities, effort: new Float64Array(0),
      }),
      message("state", multiArray([[stateNames.join(","), step.state]], step.state)),
      message("latent", multiArray([["latent", step.latent]], step.latent)),
      ...(step.predicted === undefined ? [] : [message("predicted", multiArray([["latent", step.predicted]], step.predicted))]),
      message("plan", multiArray([["step", { length: horizon }], [actionNames.join(","), actionNames]], Float64Array.from(step.actions))),
      message("stepEnergies", multiArray([["step", step.stepEnergies]], step.stepEnergies)),
      message("objective", {
        level: 0, name: "jepa_mpc: objective", message: "", hardware_id: this.#header.bundle.name,
        values: step.terms.flatMap(({ name, weight, mean, best }) =>
          Object.entries({ weight, mean, best }).map(([key, value]) => ({ key: `${name}.${key}`, value: String(value) }))),
      }),
      ...STEP_NUMBERS.map((name) => message(name, { data: step[name] })),
      ...(step.unlikeness === undefined ? [] : [message("unlikeness", { data: step.unlikeness })]),
    ]);
    this.#flush();
    this.#steps++;
  }

  /** Writes what the controller said. @throws Error of the file system; the file is as it was then. */
  note({ timeS, state, holdReason, sentence }: EpisodeEvent): void {
    this.#file.addChunk([this.#message("status", 0, timeS, {
      level: state === "holding" || state === "stopped" ? 1 : 0, name: `jepa_mpc: ${state}`, message: sentence, hardware_id: this.#header.bundle.name,
      values: [
        { key: "state", value: state }, ...(holdReason === undefined ? [] : [{ key: "hold_reason", value: holdReason }]), { key: "time_s", value: String(timeS) },
      ],
    })]);
    this.#flush();
  }

  /**
   * Ends the file and gives it its name.
   *
   * @returns the file's path.
   * @throws Error of the file system; what was written stays, as a `.part` that recovery finishes.
   */
  end(outcome: EpisodeOutcome): string {
    this.#file.addMetadata(EPISODE_METADATA.outcome, new Map([["json", formatOutcome(outcome)]]));
    this.#file.end();
    renameSync(this.#part, this.#final);
    return this.#final;
  }

  /** Leaves the file as it is, to be recovered. */
  leave(): void {
    this.#file.close();
  }

  /** Throws the file away. */
  abandon(): void {
    this.#file.close();
    rmSync(this.#part, { force: true });
  }

  #flush(): void {
    this.#file.flush();
    const nowMs = performance.now();
    if (nowMs - this.#syncedMs < SYNC_EVERY_MS) return;
    this.#file.sync();
    this.#syncedMs = performance.now();
  }

  #message<C extends EpisodeChannel>(
    channel: C, sequence: number, timeS: number, value: MessageTypes[(typeof EPISODE_CHANNELS)[C]["type"]],
  ): ChunkFileMessage {
    return {
      channel: INDEX.get(channel)!, sequence, timeNs: this.#timeNs(timeS),
      data: encodeMessage(EPISODE_CHANNELS[channel].type, value),
    };
  }

  #compressed({ format, data }: EncodedPicture, timeS: number): MessageTypes["sensor_msgs/msg/CompressedImage"] {
    return { header: this.#stamped(timeS, "camera"), format, data };
  }

  #stamped(timeS: number, frame: string): StampedHeader {
    const ns = this.#timeNs(timeS);
    return { stamp: { sec: Number(ns / 1_000_000_000n), nanosec: Number(ns % 1_000_000_000n) }, frame_id: frame };
  }

  #timeNs(timeS: number): bigint {
    return this.#startNs + BigInt(Math.round(timeS * 1e9));
  }
}

/** @param dims label and length of each dimension, the outermost first. */
function multiArray<Data extends Float32Array | Float64Array>(
  dims: readonly (readonly [label: string, sized: { readonly length: number }])[], data: Data,
): MultiArrayMessage<Data> {
  let stride = data.length;
  return {
    layout: {
      dim: dims.map(([label, { length: size }], i) => {
        if (i > 0) stride /= Math.max(1, dims[i - 1]![1].length);
        return { label, size, stride };
      }),
      data_offset: 0,
    },
    data,
  };
}
