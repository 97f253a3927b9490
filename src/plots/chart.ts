export { writeEnergyPlot, type EnergyPlot } from "./energy-plot.js";
export { writeHistogram, type Histogram } from "./histogram.js";
export { writeLineChart, type LineChart, type LineSeries, type Point } from "./line-chart.js";
export { writeScatter, type ScatterChart } from "./scatter.js";
export type { ChartRule, ChartText } from "./frame.js";
