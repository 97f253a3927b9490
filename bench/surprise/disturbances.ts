import { RayCastCamera } from "../../sim/camera.js";
import type { Random } from "../../sim/random.js";
import type { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";
import { movedPose } from "../../sim/moved-pose.js";
import { black, blurred, fingerOnLens, handInView, type Picture } from "./pictures.js";

/** One kind of disturbance: what the picture of the same moment looks like. @param k pictures since it began. */
export type Disturbance = (random: Random) => (picture: Picture, k: number) => Picture;

export const DEGREE = Math.PI / 180;

/** All that is tried, by name. */
export function disturbances({ world, camera }: Pick<SurpriseEpisodes, "world" | "camera">): Readonly<Record<string, Disturbance>> {
  const movedCamera = (distanceM: number, angleRad: number): Disturbance => (random) => {
    const other = new RayCastCamera(world, { width: camera.width, height: camera.height, pose: movedPose(random, distanceM, angleRad) });
    return () => other.rgb();
  };
  return {
    "lens covered, black": () => black,
    "lens covered by a finger": (random) => fingerOnLens(random),
    "lens smeared (blur of 4 pixels)": () => (picture) => blurred(picture, 4),
    "hand in view, 2 % of the picture": (random) => handInView(random, 0.02),
    "hand in view, 5 %": (random) => handInView(random, 0.05),
    "hand in view, 10 %": (random) => handInView(random, 0.1),
    "hand in view, 20 %": (random) => handInView(random, 0.2),
    "camera moved, 2 cm and 2°": movedCamera(0.02, 2 * DEGREE),
    "camera moved, 5 cm and 5°": movedCamera(0.05, 5 * DEGREE),
    "camera moved, 10 cm and 10°": movedCamera(0.1, 10 * DEGREE),
    "picture frozen, with new stamps": () => {
      let first: Picture | undefined;
      return (picture) => first ??= picture;
    },
  };
}
