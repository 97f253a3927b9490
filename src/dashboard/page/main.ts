import { showCamera } from "./camera-view.js";
import { connection } from "./connection.js";
import { element, setText } from "./element.js";
import { showEnergy } from "./energy-view.js";
import { showGoals } from "./goals-view.js";
import { showJoints } from "./joints-view.js";
import { showLog } from "./log-view.js";
import { showParameters } from "./parameters-view.js";
import { showPredicted } from "./predicted-view.js";
import { showState } from "./state-view.js";

// Each on its own: one that fails leaves the others.
for (const show of [showState, showCamera, showEnergy, showGoals, showJoints, showParameters, showPredicted, showLog]) {
  try {
    show();
  } catch (error) {
    console.error(error);
  }
}
connection.on("facts", ({ node, version, bundle }) => {
  setText(element("node"), `${node}${bundle === undefined ? "" : `, ${bundle}`}`);
  setText(element("version"), `jepa-mpc ${version}`);
});
// Last, and not waited for: it is the largest part, and not every browser draws in three dimensions.
import("./arm-view.js").then(({ showArm }) => showArm()).catch((error: unknown) => {
  console.error(error);
  element("arm").replaceChildren(Object.assign(document.createElement("p"), { className: "none", textContent: "This browser does not draw the arm; its joints are in the table." }));
});
