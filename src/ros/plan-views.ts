import { toolPaths, type PathNames, type ToolPaths } from "../control/tool-paths.js";
import { CameraPlace } from "./camera-place.js";
import { candidateMarkers } from "./candidate-markers.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";
import { OverlayPublisher } from "./overlay-publisher.js";

import type { RgbImage } from "../camera/types.js";
import type { PlanRequest, PlanResult } from "../control/planning-service.js";
import type { ControllerStatus } from "../control/status.js";
import type { CameraInfoMessage, Header, MarkerArrayMessage } from "./messages.js";
import type { RclPublisher } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** Candidates that are asked for while somebody looks at them. */
const SHOWN = 61;
/** Without a plan for so many periods the overlay shows the bare picture. */
const PLAN_HOLDS_PERIODS = 1.5;

export interface PlanViewsOptions extends PathNames {
  readonly baseLink: string;
  /** As the parameter `camera.pose` has it. */
  readonly cameraPose: string;
  readonly periodS: number;
  /** Of control, s. */
  readonly nowS: () => number;
}

/** What people look at beside the numbers: `~/candidates`, `~/overlay` and `~/camera_pose`. Whatever nobody subscribes to is not made. */
export class PlanViews {
  readonly #ros: RosNode;
  readonly #options: PlanViewsOptions;
  readonly #candidates: RclPublisher<MarkerArrayMessage>;
  readonly #overlay: OverlayPublisher;
  readonly #camera: CameraPlace;
  /** Of pictures that are still in somebody's hands. */
  readonly #headers = new WeakMap<RgbImage, Header>();
  #newest: RgbImage | undefined;
  #lastPlanS = -Infinity;
  #text = "";

  /** @throws Error with one line when the camera's pose cannot be read. */
  constructor(ros: RosNode, options: PlanViewsOptions) {
    this.#ros = ros;
    this.#options = options;
    this.#camera = new CameraPlace(ros, { pose: options.cameraPose, baseLink: options.baseLink });
    this.#candidates = ros.publisherOf<MarkerArrayMessage>(CONTROLLER_INTERFACES.candidates);
    this.#overlay = new OverlayPublisher(ros);
  }

  onCameraInfo(message: CameraInfoMessage): void {
    this.#camera.onCameraInfo(message);
  }

  /** A picture on its way to the controller. */
  onImage(image: RgbImage, { stamp, frame_id }: Header): void {
    this.#headers.set(image, { stamp: { ...stamp }, frame_id });
    this.#newest = image;
  }

  /** As PlanObserver has it. */
  wantsCandidates(): number {
    return this.#candidates.subscriptionCount > 0 || this.#overlay.wanted ? SHOWN : 0;
  }

  /** As PlanObserver has it. */
  onPlan({ shown }: PlanResult, { image }: PlanRequest): void {
    if (shown === undefined) return;
    const paths = toolPaths(shown, this.#options);
    if (paths === undefined) return;
    const header = this.#headers.get(image) ?? { stamp: this.#ros.stamp(), frame_id: "" };
    this.#lastPlanS = this.#options.nowS();
    if (this.#candidates.subscriptionCount > 0) {
      this.#candidates.publish(candidateMarkers(paths, { stamp: header.stamp, frame_id: this.#options.baseLink }));
    }
    this.#draw(image, paths);
  }

  /** Once a control step, and whenever the state changes. */
  onStatus({ state, sentence, energy, planMs }: ControllerStatus): void {
    const numbers = state !== "planning" || energy === undefined || planMs === undefined ? "" : ` Energy ${energy.toPrecision(3)}, plan ${planMs.toFixed(0)} ms.`;
    this.#text = `${sentence}${numbers}`;
    const planned = this.#options.nowS() - this.#lastPlanS < PLAN_HOLDS_PERIODS * this.#options.periodS;
    if (!planned && this.#newest !== undefined) this.#draw(this.#newest);
  }

  close(): void {
    this.#overlay.close();
  }

  #draw(image: RgbImage, paths?: ToolPaths): void {
    const header = this.#headers.get(image);
    if (header === undefined || !this.#overlay.wanted) return;
    this.#overlay.show({ image, header, paths, camera: this.#camera.cameraOf(image), text: this.#text });
  }
}
