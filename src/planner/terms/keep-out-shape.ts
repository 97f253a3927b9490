/** Where the tool is not to go; base frame, m. */
export type KeepOutShape =
  /** Axis-aligned. */
  | { readonly kind: "box"; readonly lowM: Point; readonly highM: Point }
  | { readonly kind: "sphere"; readonly centerM: Point; readonly radiusM: number }
  /** All points p with normal · p < offsetM: the normal, of any length but 0, points to the allowed side; the offset is along the unit normal. */
  | { readonly kind: "half_space"; readonly normal: Point; readonly offsetM: number };

export type Point = readonly [x: number, y: number, z: number];

/** Refuses a shape that encloses nothing or is not made of numbers. @throws RangeError naming what is wrong. */
export function checkKeepOutShape(shape: KeepOutShape): void {
  const finite = (name: string, values: readonly number[]): void => {
    if (!values.every(Number.isFinite)) throw new RangeError(`${name} of a keep-out ${shape.kind} is [${values.join(", ")}]: must be finite numbers`);
  };
  switch (shape.kind) {
    case "box":
      finite("lowM", shape.lowM);
      finite("highM", shape.highM);
      if (shape.lowM.some((low, axis) => low >= shape.highM[axis]!)) {
        throw new RangeError(`a keep-out box goes from [${shape.lowM.join(", ")}] to [${shape.highM.join(", ")}]: the first must be below the second on each axis`);
      }
      break;
    case "sphere":
      finite("centerM", shape.centerM);
      if (!(shape.radiusM > 0 && Number.isFinite(shape.radiusM))) throw new RangeError(`radiusM of a keep-out sphere is ${shape.radiusM}: must be above 0`);
      break;
    case "half_space":
      finite("normal", shape.normal);
      finite("offsetM", [shape.offsetM]);
      if (Math.hypot(...shape.normal) < 1e-9) throw new RangeError("normal of a keep-out half_space is 0: it must point to the allowed side");
      break;
    default:
      shape satisfies never;
  }
}

/** Signed distance of a point to a shape's surface, m; negative inside. */
export function clearanceTo(shape: KeepOutShape, x: number, y: number, z: number): number {
  switch (shape.kind) {
    case "box": {
      const { lowM, highM } = shape;
      const dx = Math.max(lowM[0] - x, x - highM[0]);
      const dy = Math.max(lowM[1] - y, y - highM[1]);
      const dz = Math.max(lowM[2] - z, z - highM[2]);
      const inside = Math.max(dx, dy, dz);
      if (inside <= 0) return inside;
      const ox = Math.max(0, dx);
      const oy = Math.max(0, dy);
      const oz = Math.max(0, dz);
      return Math.sqrt(ox * ox + oy * oy + oz * oz);
    }
    case "sphere": {
      const dx = x - shape.centerM[0];
      const dy = y - shape.centerM[1];
      const dz = z - shape.centerM[2];
      return Math.sqrt(dx * dx + dy * dy + dz * dz) - shape.radiusM;
    }
    case "half_space": {
      const [nx, ny, nz] = shape.normal;
      return (nx * x + ny * y + nz * z) / Math.sqrt(nx * nx + ny * ny + nz * nz) - shape.offsetM;
    }
  }
}
