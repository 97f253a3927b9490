export { writeEnergyPlot, type EnergyPlot } from "./energy-plot.js";
export { heatMapSvg, writeHeatMap, type HeatMap, type HeatMapAxis } from "./heat-map.js";
export { writeHistogram, type Histogram } from "./histogram.js";
export { landscapeSvg, writeLandscapePlot, type LandscapeAxis, type LandscapePlot } from "./landscape-plot.js";
export { lineChartSvg, writeLineChart, type LineChart, type LineSeries, type Point } from "./line-chart.js";
export { writeScatter, type ScatterChart } from "./scatter.js";
export type { ChartRule, ChartText } from "./frame.js";
