import type { PlanResult } from "./planning-service.js";

/** Why a plan has no finite energy, for people: the terms that ruled candidates out, where there are any. */
export function whyNotFinite({ energy, terms = [] }: Pick<PlanResult, "energy" | "terms">): string {
  const guilty = terms.filter(({ nonFinite }) => nonFinite > 0);
  if (guilty.length === 0) return `the energy of the plan is ${energy}.`;
  return `no candidate is left: ${guilty.map(({ name, nonFinite, candidates }) => `${name} is not finite for ${nonFinite} of ${candidates}`).join(", ")}.`;
}
