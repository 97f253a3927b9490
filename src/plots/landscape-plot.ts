import { heatMapSvg, writeHeatMap, type HeatMap } from "./heat-map.js";

/** One of the two action dimensions. */
export interface LandscapeAxis {
  readonly name: string;
  /** As in the bundle: "m", "1". */
  readonly unit: string;
  /** Evenly spaced, low to high. */
  readonly values: ArrayLike<number>;
}

export interface LandscapePlot {
  readonly title: string;
  readonly subtitle?: string;
  readonly x: LandscapeAxis;
  readonly y: LandscapeAxis;
  /** Row-major [y, x]. */
  readonly energies: ArrayLike<number>;
  /** In the axes' units. */
  readonly markers: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}

/**
 * Draws the energy over two action dimensions; lengths are shown in cm.
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeLandscapePlot(file: string, plot: LandscapePlot): Promise<void> {
  await writeHeatMap(file, heatMapOf(plot));
}

/** The same as SVG text, without scripts. */
export async function landscapeSvg(plot: LandscapePlot): Promise<string> {
  return heatMapSvg(heatMapOf(plot));
}

function heatMapOf(plot: LandscapePlot): HeatMap {
  const { x, y } = plot;
  const span = ({ values, unit }: LandscapeAxis): { low: number; high: number; count: number } =>
    ({ low: values[0]! * shown(unit).scale, high: values[values.length - 1]! * shown(unit).scale, count: values.length });
  const title = ({ name, unit }: LandscapeAxis): string => (unit === "1" ? name : `${name} (${shown(unit).unit} per action)`);
  return {
    title: plot.title,
    ...(plot.subtitle === undefined ? {} : { subtitle: plot.subtitle }),
    xTitle: title(x), yTitle: title(y), valueTitle: "energy (distance to the goal's latent)",
    x: span(x), y: span(y), values: plot.energies,
    markers: plot.markers.map((marker) => ({ name: marker.name, at: [marker.x * shown(x.unit).scale, marker.y * shown(y.unit).scale] as const })),
  };
}

function shown(unit: string): { readonly unit: string; readonly scale: number } {
  return unit === "m" ? { unit: "cm", scale: 100 } : { unit, scale: 1 };
}
