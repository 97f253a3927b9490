import type { StaticObstacle } from "./types.js";
import type { UrdfJoint } from "./urdf.js";
import type { UrdfShape } from "./urdf-shapes.js";

/** MJCF text, and the files that its mesh assets name. */
export interface CollisionMjcf {
  readonly xml: string;
  readonly meshFiles: ReadonlyMap<string, Uint8Array>;
}

const MESH_EXTENSIONS = /\.(stl|obj|msh)$/i;

/** Name of the geom of shape `i` of the robot. */
export const shapeGeom = (i: number): string => `s${i}`;
/** Name of the geom of obstacle `i`. */
export const obstacleGeom = (i: number): string => `o${i}`;
/** Name of MuJoCo's joint for the URDF's joint `i` of those below the base. */
export const mjcfJoint = (i: number): string => `j${i}`;

/**
 * A MuJoCo model of shapes alone: the collision shapes below the base link, and obstacles that stand still. The names inside
 * are numbers, so whatever the URDF's names hold, they need no escaping.
 *
 * @param joints all joints below `base`. @param meshBytes of the shapes that are meshes, by URI.
 * @throws Error with one line for a mesh in a format that MuJoCo does not read.
 */
export function collisionMjcf(
  base: string, joints: readonly UrdfJoint[], shapes: readonly UrdfShape[], obstacles: readonly StaticObstacle[],
  meshBytes: ReadonlyMap<string, Uint8Array>,
): CollisionMjcf {
  const meshFiles = new Map<string, Uint8Array>();
  const assets: string[] = [];
  const geoms = shapes.map((shape, i) => {
    const place = `name="${shapeGeom(i)}" pos="${shape.origin.xyz}" euler="${shape.origin.rpy}"`;
    const { geometry } = shape;
    switch (geometry.kind) {
      case "box": return `<geom ${place} type="box" size="${geometry.sizeM.map((edge) => edge / 2).join(" ")}"/>`;
      case "sphere": return `<geom ${place} type="sphere" size="${geometry.radiusM}"/>`;
      case "cylinder":
      case "capsule": return `<geom ${place} type="${geometry.kind}" size="${geometry.radiusM} ${geometry.lengthM / 2}"/>`;
      case "mesh": {
        const extension = MESH_EXTENSIONS.exec(geometry.uri)?.[0].toLowerCase();
        if (extension === undefined) {
          throw new Error(`robot: the collision mesh "${geometry.uri}" of link "${shape.link}" is not .stl, .obj or .msh, which MuJoCo reads`);
        }
        const file = `m${i}${extension}`;
        meshFiles.set(file, meshBytes.get(geometry.uri) ?? new Uint8Array());
        // Shell inertia: shapes that enclose no volume are fine for distances.
        assets.push(`<mesh name="m${i}" file="${file}" scale="${geometry.scale}" inertia="shell"/>`);
        return `<geom ${place} type="mesh" mesh="m${i}"/>`;
      }
    }
  });
  const body = (link: string): string => {
    const own = shapes.map((shape, i) => shape.link === link ? geoms[i]! : "").join("");
    const children = joints.map((joint, i) => {
      if (joint.parent !== link) return "";
      const moving = joint.type === "fixed" ? "" : `<joint name="${mjcfJoint(i)}" type="${joint.type === "prismatic" ? "slide" : "hinge"}" axis="${joint.axis}"/>`;
      const inertial = '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>';
      return `<body pos="${joint.origin.xyz}" euler="${joint.origin.rpy}">${inertial}${moving}${body(joint.child)}</body>`;
    });
    return own + children.join("");
  };
  const xml = `<mujoco>
<compiler angle="radian" eulerseq="XYZ"/>
<default><geom contype="0" conaffinity="0"/></default>
<asset>${assets.join("")}</asset>
<worldbody>${obstacles.map((obstacle, i) => obstacleXml(obstacle, i)).join("")}${body(base)}</worldbody>
</mujoco>`;
  return { xml, meshFiles };
}

function obstacleXml({ geometry }: StaticObstacle, i: number): string {
  const name = obstacleGeom(i);
  switch (geometry.shape) {
    case "box":
      return `<geom name="${name}" type="box" pos="${geometry.centerM.join(" ")}" euler="${geometry.rotationRpyRad.join(" ")}" size="${geometry.sizeM.map((edge) => edge / 2).join(" ")}"/>`;
    case "sphere":
      return `<geom name="${name}" type="sphere" pos="${geometry.centerM.join(" ")}" size="${geometry.radiusM}"/>`;
    case "half_space":
      return `<geom name="${name}" type="plane" pos="${geometry.pointM.join(" ")}" zaxis="${geometry.normal.join(" ")}" size="0 0 1"/>`;
  }
}
