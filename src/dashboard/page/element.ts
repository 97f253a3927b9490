/** An element of index.html. @throws Error when it is not there: the page and its scripts do not fit together. */
export function element<E extends Element = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no element #${id}`);
  return found as unknown as E;
}

/** A new element with a class and text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className = "", text = ""): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** Sets a text only when it is another: what is rewritten all the time cannot be selected, and readers say it again. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Makes these the children of a parent, in their order. One that is there already is not taken out meanwhile: what goes away between a finger's down and up is never pressed. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  for (const old of [...parent.children]) if (!children.includes(old)) old.remove();
  children.forEach((child, i) => { if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null); });
}

/** Says how a command ended, beside what gave it. */
export function showAnswer(target: HTMLElement, answer: { readonly ok: boolean; readonly message: string }): void {
  target.dataset["ok"] = String(answer.ok);
  setText(target, answer.message);
}
