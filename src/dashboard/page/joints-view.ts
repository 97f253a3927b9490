import { connection } from "./connection.js";
import { element, make, setText } from "./element.js";

import type { JointFacts } from "../messages.js";

/** Every joint between its limits; what the controller keeps clear of is marked at the ends. */
export function showJoints(): void {
  let joints: readonly JointFacts[] = [];
  let rows: { readonly row: HTMLElement; readonly meter: HTMLElement; readonly at: HTMLElement; readonly value: HTMLElement }[] = [];
  connection.on("facts", (facts) => {
    if (JSON.stringify(facts.joints) === JSON.stringify(joints)) return;
    ({ joints } = facts);
    rows = joints.map(makeRow);
    element("joints").replaceChildren(...rows.map(({ row }) => row));
  });
  connection.on("joints", ({ positions }) => {
    for (const [i, { lower, upper, margin, linear, name }] of joints.entries()) {
      const { row, meter, at, value } = rows[i]!;
      const position = positions[i];
      at.hidden = position === null || position === undefined;
      if (position === null || position === undefined) {
        setText(value, "–");
        meter.removeAttribute("aria-valuenow");
        continue;
      }
      const near = margin > 0 && (position < lower + margin || position > upper - margin);
      at.style.left = `${(Math.min(1, Math.max(0, (position - lower) / (upper - lower))) * 100).toFixed(1)}%`;
      row.toggleAttribute("data-near", near);
      const text = written(position, linear);
      setText(value, near ? `${text} near limit` : text);
      meter.setAttribute("aria-valuenow", String(position));
      meter.setAttribute("aria-valuetext", `${name} ${text} of ${written(lower, linear)} to ${written(upper, linear)}${near ? ", near its limit" : ""}`);
    }
  });
}

function makeRow({ name, lower, upper, margin }: JointFacts): { row: HTMLElement; meter: HTMLElement; at: HTMLElement; value: HTMLElement } {
  const row = make("tr");
  const head = make("th", "", name);
  head.scope = "row";
  const meter = make("div", "range");
  meter.role = "meter";
  meter.setAttribute("aria-label", `${name} between its limits`);
  meter.setAttribute("aria-valuemin", String(lower));
  meter.setAttribute("aria-valuemax", String(upper));
  const share = `${(Math.min(0.5, margin / (upper - lower)) * 100).toFixed(1)}%`;
  for (const side of ["left", "right"] as const) {
    const end = make("div", "margin");
    end.style[side] = "0";
    end.style.width = share;
    meter.append(end);
  }
  const at = make("div", "at");
  at.hidden = true;
  meter.append(at);
  const cell = make("td");
  cell.append(meter);
  const value = make("td", "number", "–");
  row.append(head, cell, value);
  return { row, meter, at, value };
}

function written(value: number, linear: boolean): string {
  // Without a minus sign before zero.
  const rounded = (shown: number): string => (Math.round(shown * 10) / 10 + 0).toFixed(1);
  return linear ? `${rounded(value * 1000)} mm` : `${rounded(value * 180 / Math.PI)}°`;
}
