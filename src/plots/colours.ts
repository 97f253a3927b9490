/**
 * Colours of Okabe and Ito, which stay apart for colour-blind readers, in an order that also differs in lightness
 * from one to the next. Yellow is left out: it vanishes on white.
 */
export const SERIES_COLOURS: readonly string[] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555"];

/** Dash patterns, a second cue beside the colour; they change when the colours start again. */
export const SERIES_DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2]];

/** Shapes of points, the second cue where there are no lines. */
export const SERIES_SHAPES: readonly string[] = ["circle", "triangle-up", "square", "diamond", "cross"];

/** Dash patterns of rules across a chart. */
export const RULE_DASHES: readonly (readonly number[])[] = [[5, 4], [2, 3], [9, 3, 2, 3]];

/**
 * Viridis, dark to light: equal steps in value look like equal steps, also in grey and to colour-blind readers.
 * Every eighth of matplotlib's table; what lies between is interpolated.
 */
export const VALUE_COLOURS: readonly string[] = [
  "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
];

/** Markers on `VALUE_COLOURS`, which has neither white nor reds. */
export const MARKER_COLOURS: readonly string[] = ["#ffffff", "#ff7f50", "#e63973"];

export const TEXT_COLOUR = "#2b2b2b";
export const QUIET_TEXT_COLOUR = "#5f5f5f";
export const GRID_COLOUR = "#e4e4e4";
export const AXIS_COLOUR = "#9a9a9a";
export const RULE_COLOUR = "#6b6b6b";
