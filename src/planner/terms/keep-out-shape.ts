/**
 * Where the tool is not to go; base frame, lengths in m. The shapes of a keep-out file and of the scene's geometry are given in the same form, so that
 * the objective and the safety pipeline can be handed the same zones.
 */
export type KeepOutShape =
  /** Full edge lengths; fixed-axis roll, pitch, yaw, as in a URDF. */
  | { readonly shape: "box"; readonly centerM: readonly number[]; readonly sizeM: readonly number[]; readonly rotationRpyRad: readonly number[] }
  | { readonly shape: "sphere"; readonly centerM: readonly number[]; readonly radiusM: number }
  /** All that lies behind a plane; the normal points out of it, to where the robot may be. */
  | { readonly shape: "half_space"; readonly pointM: readonly number[]; readonly normal: readonly number[] };

/** Signed distance of a point to a shape's surface, m; negative inside. */
export type Clearance = (x: number, y: number, z: number) => number;

/** Prepares the distance to a shape. @throws RangeError when the shape encloses nothing or is not made of numbers. */
export function clearanceTo(shape: KeepOutShape): Clearance {
  switch (shape.shape) {
    case "box": {
      const [cx, cy, cz] = triple(shape, "centerM", shape.centerM);
      const size = triple(shape, "sizeM", shape.sizeM);
      if (!size.every((edge) => edge > 0)) throw new RangeError(`sizeM of a keep-out box is [${size.join(", ")}]: must be above 0`);
      const [hx, hy, hz] = size.map((edge) => edge / 2) as [number, number, number];
      const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = axesOf(triple(shape, "rotationRpyRad", shape.rotationRpyRad));
      return (x, y, z) => {
        // No lists in here: it is called tens of thousands of times a plan.
        const ox = x - cx;
        const oy = y - cy;
        const oz = z - cz;
        const dx = Math.abs(xx * ox + xy * oy + xz * oz) - hx;
        const dy = Math.abs(yx * ox + yy * oy + yz * oz) - hy;
        const dz = Math.abs(zx * ox + zy * oy + zz * oz) - hz;
        const deepest = Math.max(dx, dy, dz);
        if (deepest <= 0) return deepest;
        const ax = Math.max(0, dx);
        const ay = Math.max(0, dy);
        const az = Math.max(0, dz);
        return Math.sqrt(ax * ax + ay * ay + az * az);
      };
    }
    case "sphere": {
      const [cx, cy, cz] = triple(shape, "centerM", shape.centerM);
      const { radiusM } = shape;
      if (!(radiusM > 0 && Number.isFinite(radiusM))) throw new RangeError(`radiusM of a keep-out sphere is ${radiusM}: must be above 0`);
      return (x, y, z) => Math.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radiusM;
    }
    case "half_space": {
      const [px, py, pz] = triple(shape, "pointM", shape.pointM);
      const normal = triple(shape, "normal", shape.normal);
      const length = Math.hypot(...normal);
      if (length < 1e-9) throw new RangeError("normal of a keep-out half_space is 0: it must point to where the robot may be");
      const [nx, ny, nz] = normal.map((value) => value / length) as [number, number, number];
      return (x, y, z) => nx * (x - px) + ny * (y - py) + nz * (z - pz);
    }
    default:
      return shape satisfies never;
  }
}

function triple({ shape }: KeepOutShape, name: string, values: readonly number[]): [number, number, number] {
  if (values.length !== 3 || !values.every(Number.isFinite)) throw new RangeError(`${name} of a keep-out ${shape} is [${values.join(", ")}]: must be three finite numbers`);
  return [...values] as [number, number, number];
}

/** The axes of a frame turned by roll, pitch, yaw: the columns of Rz Ry Rx, one after the other. */
function axesOf([roll, pitch, yaw]: readonly [number, number, number]): readonly [number, number, number, number, number, number, number, number, number] {
  const [sr, cr, sp, cp, sy, cy] = [Math.sin(roll), Math.cos(roll), Math.sin(pitch), Math.cos(pitch), Math.sin(yaw), Math.cos(yaw)];
  return [
    cy * cp, sy * cp, -sp,
    cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr,
    cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr,
  ];
}
