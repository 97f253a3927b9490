/** One key for a pair of links, whichever comes first; a line break cannot be in an attribute's value. */
export function pairKey({ first, second }: { readonly first: string; readonly second: string }): string {
  return first < second ? `${first}\n${second}` : `${second}\n${first}`;
}
