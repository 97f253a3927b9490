import { connection } from "./connection.js";
import { element, make, setText } from "./element.js";

/** The remembered frames nearest to where the plan is believed to lead. */
export function showPredicted(): void {
  const list = element("predicted");
  const shown: { readonly image: HTMLImageElement; readonly note: HTMLElement }[] = [];
  connection.on("predicted", ({ sentence, frames }) => {
    setText(element("predicted-sentence"), sentence);
    while (shown.length < frames.length) {
      const item = make("li");
      const entry = { image: make("img"), note: make("span") };
      item.append(entry.image, entry.note);
      list.append(item);
      shown.push(entry);
    }
    while (shown.length > frames.length) shown.pop()!.image.parentElement!.remove();
    for (const [i, { url, episode, step, distance }] of frames.entries()) {
      const { image, note } = shown[i]!;
      // A picture stays until the next one is there.
      if (image.getAttribute("src") !== url) image.src = url;
      image.alt = `Frame ${step} of episode ${episode}`;
      setText(note, `distance ${distance.toPrecision(2)}`);
    }
  });
}
