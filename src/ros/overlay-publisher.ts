import { projectPoints } from "../camera/project-points.js";
import { drawOverlay, type OverlayFormat, type OverlayMarks } from "../plots/overlay.js";
import { rankShares } from "../plots/value-colour.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";

import type { RgbImage } from "../camera/types.js";
import type { PlacedCamera } from "../camera/project-points.js";
import type { ToolPaths } from "../control/tool-paths.js";
import type { CompressedImageMessage, Header, ImageMessage } from "./messages.js";
import type { RclPublisher } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** A picture to draw over. */
export interface OverlaySubject {
  readonly image: RgbImage;
  /** The picture's. */
  readonly header: Header;
  readonly text: string;
  /** Left out while no plan is made. */
  readonly paths?: ToolPaths | undefined;
  /** Without it the paths have no place in the picture. */
  readonly camera?: PlacedCamera | undefined;
}

/** The camera's picture with the plan on it, on `~/overlay` and `~/overlay/compressed`. One is drawn at a time; of what comes meanwhile the newest waits. */
export class OverlayPublisher {
  readonly #ros: RosNode;
  readonly #raw: RclPublisher<ImageMessage>;
  readonly #compressed: RclPublisher<CompressedImageMessage>;
  #drawing = false;
  #next: OverlaySubject | undefined;
  #closed = false;

  constructor(ros: RosNode) {
    this.#ros = ros;
    this.#raw = ros.publisherOf(CONTROLLER_INTERFACES.overlay);
    this.#compressed = ros.publisherOf(CONTROLLER_INTERFACES.overlayCompressed);
  }

  /** Whether somebody looks. */
  get wanted(): boolean {
    return !this.#closed && (this.#raw.subscriptionCount > 0 || this.#compressed.subscriptionCount > 0);
  }

  /** Draws and publishes soon; `image` must not change. */
  show(subject: OverlaySubject): void {
    this.#next = subject;
    if (!this.#drawing) void this.#draw();
  }

  /** Nothing is published afterwards. */
  close(): void {
    this.#closed = true;
    this.#next = undefined;
  }

  async #draw(): Promise<void> {
    this.#drawing = true;
    try {
      for (let subject = this.#next; subject !== undefined && this.wanted; subject = this.#next) {
        this.#next = undefined;
        const marks = marksOf(subject);
        const { image, header } = subject;
        for (const format of ["rgb", "jpeg"] as const) {
          if (!this.#isWanted(format)) continue;
          const { width, height, data } = await drawOverlay(image, marks, format);
          // Whoever asked may have gone, and so may the node.
          if (!this.#isWanted(format)) continue;
          this.#ros.guarded("overlay", () => {
            if (format === "jpeg") this.#compressed.publish({ header, format: "jpeg", data: whole(data) });
            else this.#raw.publish({ header, height, width, encoding: "rgb8", is_bigendian: 0, step: 3 * width, data: whole(data) });
          });
        }
      }
    } catch (error) {
      this.#ros.log.warn(`~/overlay: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#drawing = false;
    }
  }

  #isWanted(format: OverlayFormat): boolean {
    return !this.#closed && (format === "jpeg" ? this.#compressed : this.#raw).subscriptionCount > 0;
  }
}

function marksOf({ text, paths, camera }: OverlaySubject): OverlayMarks {
  if (paths === undefined || camera === undefined) return { text };
  const { count, horizon, start, places, energies } = paths;
  const ends = Float64Array.from({ length: 3 * count }, (_, i) => places[3 * ((Math.floor(i / 3) + 1) * horizon - 1) + (i % 3)]!);
  return {
    text,
    endPoints: { places: projectPoints(ends, camera), shares: rankShares(energies) },
    plan: projectPoints([...start, ...places.subarray(0, 3 * horizon)], camera),
  };
}

/** rclnodejs sends a view from the start of its buffer: only a whole buffer goes out right. */
function whole(data: Uint8Array): Uint8Array {
  return data.byteOffset === 0 && data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data);
}
