/**
 * Share of the planner's width that is left at the goal. With the whole width the search at the goal is so coarse that its best
 * answer still moves the tool by a centimetre or two; a tenth lets it settle.
 */
export const DEFAULT_EXPLORATION_FLOOR = 0.1;

/**
 * Scale of the planner's initial width: 1 at the start of a goal, falling with the energy's share of its start to `floor`.
 * Energies are squared distances, so the root of the share is the share of the way that is left.
 *
 * @param energyShare energy / start energy; undefined at the start. @param floor in (0, 1]; 1 leaves the width alone.
 */
export function explorationScale(energyShare: number | undefined, floor: number): number {
  if (energyShare === undefined || !Number.isFinite(energyShare)) return 1;
  return floor + (1 - floor) * Math.min(1, Math.sqrt(Math.max(0, energyShare)));
}
