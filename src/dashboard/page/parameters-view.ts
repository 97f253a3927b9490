import { connection } from "./connection.js";
import { element, make, showAnswer } from "./element.js";

import type { ParameterSummary, SettableValue } from "../messages.js";

/** Parameters that may be set while the controller runs, each with its description and range. */
export function showParameters(): void {
  const fields = new Map<string, { readonly put: (value: SettableValue) => void }>();
  let known = "";
  connection.on("parameters", ({ parameters }) => {
    const shape = parameters.map(({ name, kind }) => `${name} ${kind}`).join();
    if (shape !== known) {
      known = shape;
      fields.clear();
      element("parameters").replaceChildren(...parameters.map((parameter) => {
        const { form, put } = makeForm(parameter);
        fields.set(parameter.name, { put });
        return form;
      }));
    }
    for (const { name, value } of parameters) fields.get(name)?.put(value);
  });
}

function makeForm(parameter: ParameterSummary): { form: HTMLElement; put: (value: SettableValue) => void } {
  const { name, kind, description, low, high, choices } = parameter;
  const form = make("form", "parameter");
  const id = `parameter-${name}`;
  const label = make("label", "", name);
  label.htmlFor = id;
  const input = kind === "bool" || choices !== undefined ? make("select") : make("input");
  if (input instanceof HTMLSelectElement) {
    input.append(...(choices ?? ["true", "false"]).map((choice) => new Option(choice, choice)));
  } else if (kind !== "string") {
    // As text with the numbers' keyboard: number fields change when the page is scrolled over them.
    input.inputMode = "decimal";
    input.required = true;
  }
  input.id = id;
  const about = make("p", "about", plain(description) + (low === undefined || high === undefined ? "" : ` From ${low} to ${high}.`));
  about.id = `${id}-about`;
  input.setAttribute("aria-describedby", about.id);
  const set = make("button", "", "Set");
  set.type = "submit";
  set.setAttribute("aria-label", `Set ${name}`);
  const row = make("div", "row");
  row.append(input, set);
  form.append(label, row, about);
  let last: SettableValue | undefined;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = element("parameters-answer");
    const value = read(kind, input.value);
    if (value === undefined) {
      showAnswer(answer, { ok: false, message: `${name}: "${input.value}" is not a number.` });
      return;
    }
    void connection.ask({ do: "parameter", name, value }).then((done) => { showAnswer(answer, done); });
  });
  return {
    form,
    // What somebody is typing is not overwritten.
    put: (value) => {
      if (value === last) return;
      if (document.activeElement !== input || last === undefined) input.value = String(value);
      last = value;
    },
  };
}

function read(kind: ParameterSummary["kind"], text: string): SettableValue | undefined {
  switch (kind) {
    case "bool": return text === "true";
    case "string": return text;
    case "integer":
    case "double": {
      const value = Number(text.trim().replace(",", "."));
      return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
    }
  }
}

/** Descriptions are written for Markdown. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}
