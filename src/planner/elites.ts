/**
 * Finds the candidates of lowest energy without sorting all of them: a short sorted list is kept, and a candidate that is
 * not below its worst entry costs one comparison.
 *
 * @param energies [count]; what is not finite is never chosen.
 * @param count number of candidates.
 * @param out receives their indices, best first; as many are wanted as it is long. Equal energies: the lower index first.
 * @returns how many were found: less than wanted only when too few energies are finite.
 */
export function selectElites(energies: Float64Array, count: number, out: Int32Array): number {
  const wanted = out.length;
  let found = 0;
  for (let i = 0; i < count; i++) {
    const energy = energies[i]!;
    if (!Number.isFinite(energy)) {
      continue;
    }
    if (found === wanted && !(energy < energies[out[wanted - 1]!]!)) {
      continue;
    }
    let at = found < wanted ? found++ : wanted - 1;
    while (at > 0 && energy < energies[out[at - 1]!]!) {
      out[at] = out[at - 1]!;
      at--;
    }
    out[at] = i;
  }
  return found;
}
