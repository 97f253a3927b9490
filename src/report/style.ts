/** How a report looks: light or dark as the reader's system is, one column on a phone, and fit to be printed. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fafafa; --card: #fff; --text: #1d1d1d; --quiet: #5a5a5a; --line: #dcdcdc; --good: #00684b; --bad: #a33c00; }
@media (prefers-color-scheme: dark) { :root { --page: #161616; --card: #202020; --text: #ececec; --quiet: #b0b0b0; --line: #3c3c3c; --good: #4cc79f; --bad: #ff9a5c; }
  .chart svg [fill="white"], .chart svg [fill="#ffffff"] { fill: var(--card); }
  .chart svg [fill="#2b2b2b"] { fill: #ececec; } .chart svg [fill="#5f5f5f"] { fill: #b0b0b0; }
  .chart svg [stroke="#e4e4e4"] { stroke: #3c3c3c; } .chart svg [stroke="#9a9a9a"] { stroke: #777; } .chart svg [stroke="#6b6b6b"] { stroke: #c0c0c0; }
  .chart svg [stroke="#0072b2"] { stroke: #4aa8e0; } .chart svg [fill="#0072b2"] { fill: #4aa8e0; } .chart svg [stroke="#555555"] { stroke: #aaa; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.outcome { font-size: 1.1rem; margin: 0 0 1rem; border-left: .35rem solid var(--bad); padding-left: .6rem; } .outcome.reached { border-color: var(--good); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem; padding: 0; margin: 0; list-style: none; }
.strip figure { margin: 0; } .strip img { width: 100%; display: block; image-rendering: pixelated; border: 1px solid var(--line); border-radius: .25rem; }
.strip figcaption { font-size: .85rem; color: var(--quiet); } .strip .goal img { outline: 3px solid var(--good); outline-offset: -3px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
.chart { margin: 0; padding: .5rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; break-inside: avoid; }
.chart svg { width: 100%; height: auto; } .chart svg .mark-rect path { shape-rendering: crispEdges; } .chart svg text { font-family: "DejaVu Sans", Verdana, sans-serif; } .chart figcaption { font-size: .9rem; color: var(--quiet); }
.wide { overflow-x: auto; max-height: 32rem; overflow-y: auto; } .wide:focus-visible, summary:focus-visible { outline: 3px solid #0072b2; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; } caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
th, td { padding: .15rem .6rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; } .n { text-align: right; } summary { cursor: pointer; padding: .4rem 0; }
footer { margin-top: 2rem; color: var(--quiet); font-size: .85rem; }
@media (max-width: 30rem) { body { padding: .75rem; } dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
@media print { body { max-width: none; background: #fff; } .wide { max-height: none; overflow: visible; } .strip { grid-template-columns: repeat(6, 1fr); } h2 { break-after: avoid; } }
`;
