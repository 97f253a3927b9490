import { composedPoses, invertedPose, type OpticalPose } from "../camera/optical-pose.js";

import type { TransformMessage } from "./messages.js";

interface Edge {
  readonly to: string;
  /** Of `to` in the frame that the edge is kept with. */
  readonly pose: OpticalPose;
}

/** What /tf_static says: transforms that never change, from any number of publishers. */
export class StaticTransforms {
  readonly #edges = new Map<string, Map<string, OpticalPose>>();

  /** Takes the transforms of a message; a repeated pair of frames replaces the one before. Those with numbers that are not finite are left out. */
  take(transforms: readonly TransformMessage[]): void {
    for (const { header, child_frame_id: child, transform: { translation: t, rotation: q } } of transforms) {
      const length = Math.hypot(q.x, q.y, q.z, q.w);
      if (![t.x, t.y, t.z, length].every(Number.isFinite) || length < 1e-6) continue;
      const pose: OpticalPose = { positionM: [t.x, t.y, t.z], quaternion: [q.x / length, q.y / length, q.z / length, q.w / length] };
      this.#keep(plain(header.frame_id), plain(child), pose);
      this.#keep(plain(child), plain(header.frame_id), invertedPose(pose));
    }
  }

  /** Pose of `frame` in `base`; undefined where no chain of static transforms joins them. */
  lookUp(base: string, frame: string): OpticalPose | undefined {
    const goal = plain(frame);
    const found = new Map<string, OpticalPose>([[plain(base), { positionM: [0, 0, 0], quaternion: [0, 0, 0, 1] }]]);
    // A map goes on over what is added to it: breadth first.
    for (const [from, pose] of found) {
      if (from === goal) return pose;
      for (const { to, pose: next } of this.#from(from)) {
        if (!found.has(to)) found.set(to, composedPoses(pose, next));
      }
    }
    return undefined;
  }

  #from(frame: string): Edge[] {
    return [...(this.#edges.get(frame) ?? [])].map(([to, pose]) => ({ to, pose }));
  }

  #keep(from: string, to: string, pose: OpticalPose): void {
    const edges = this.#edges.get(from) ?? new Map<string, OpticalPose>();
    edges.set(to, pose);
    this.#edges.set(from, edges);
  }
}

/** Frames of ROS 1 began with a slash; some drivers still write it. */
function plain(frame: string): string {
  return frame.startsWith("/") ? frame.slice(1) : frame;
}
