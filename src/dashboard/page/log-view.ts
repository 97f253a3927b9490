import { connection } from "./connection.js";
import { element, make } from "./element.js";

/** The controller's warnings and errors, the newest first. */
export function showLog(): void {
  connection.on("log", ({ lines }) => {
    element("log").replaceChildren(...[...lines].reverse().map(({ level, time, text }) => {
      const item = make("li");
      const said = make("span", "", `${level === "error" ? "Error: " : ""}${text}`);
      said.dataset["level"] = level;
      item.append(make("time", "", time), said);
      return item;
    }));
  });
}
