import { Worker } from "node:worker_threads";

import type { RgbImage } from "../camera/types.js";
import type { Chain, ChainLink } from "../chain/chain-finder.js";
import type { Why } from "../chain/pursuit.js";
import type { GripperState } from "../goals/goal-file.js";

export interface ChainThreadOptions {
  readonly bundleDirectory: string;
  /** Folder of what was lived. */
  readonly folder: string;
  /** Episodes of it that are used. Default: all. */
  readonly episodes?: number;
  /** Told how many pictures are remembered. */
  readonly onProgress: (done: number, all: number) => void;
}

/** Of the bundle that latents are made with. */
export interface ChainOpened {
  readonly bundle: string;
  readonly encoderSha256: string;
}

/** What is asked of the thread. Latents are [latentDim]. */
export type ChainQuestion =
  | { readonly kind: "open" }
  | { readonly kind: "look"; readonly image: RgbImage }
  | { readonly kind: "goal"; readonly image: RgbImage; readonly gripper?: GripperState | undefined }
  | { readonly kind: "next"; readonly seen: Float32Array; readonly why: Why }
  | { readonly kind: "is_elsewhere"; readonly seen: Float32Array; readonly wanted: ChainLink };

export type ChainAnswer = ChainOpened | Float32Array | Chain | boolean | undefined;

export type ChainReply =
  | { readonly kind: "progress"; readonly done: number; readonly all: number }
  | { readonly kind: "answer"; readonly id: number; readonly value: ChainAnswer }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** A chain finder with a model of its own in a thread of its own, so that who spins ROS goes on. Calls reject with one line. */
export class ChainThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, { readonly resolve: (value: ChainAnswer) => void; readonly reject: (error: Error) => void }>();
  #nextId = 0;
  #death: Error | undefined;

  /** Only starts it: `open` is first. */
  constructor({ onProgress, ...options }: ChainThreadOptions) {
    this.#worker = new Worker(new URL("./chain-worker.js", import.meta.url), { workerData: options });
    this.#worker.on("message", (reply: ChainReply) => {
      if (reply.kind === "progress") {
        onProgress(reply.done, reply.all);
        return;
      }
      const asked = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.kind === "failed") asked?.reject(new Error(reply.message));
      else asked?.resolve(reply.value);
    });
    this.#worker.on("error", (error: Error) => { this.#end(new Error(`looking for a way failed: ${error.message}`, { cause: error })); });
    this.#worker.on("exit", (code) => { this.#end(new Error(`looking for a way ended with code ${code}`)); });
  }

  /** Loads the bundle and remembers what was lived. */
  open(): Promise<ChainOpened> {
    return this.#ask({ kind: "open" });
  }

  /** The latent of a picture, [latentDim]. */
  look(image: RgbImage): Promise<Float32Array> {
    return this.#ask({ kind: "look", image });
  }

  /** The goal of all ways from now on: its picture, with the gripper as the goal says. Rejects for a picture that is unlike those of training. */
  async goal(image: RgbImage, gripper: GripperState | undefined): Promise<void> {
    await this.#ask({ kind: "goal", image, gripper });
  }

  /** As Pursuit.next(), to the goal that was told last. */
  next(seen: Float32Array, why: Why): Promise<Chain | undefined> {
    return this.#ask({ kind: "next", seen, why });
  }

  /** As ChainFinder.isElsewhere(). */
  isElsewhere(seen: Float32Array, wanted: ChainLink): Promise<boolean> {
    return this.#ask({ kind: "is_elsewhere", seen, wanted });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask<Answer extends ChainAnswer>(question: ChainQuestion): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(this.#death);
        return;
      }
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: (value) => { resolve(value as Answer); }, reject });
      this.#worker.postMessage({ id, question });
    });
  }

  #end(why: Error): void {
    this.#death ??= why;
    for (const { reject } of this.#pending.values()) reject(this.#death);
    this.#pending.clear();
  }
}
