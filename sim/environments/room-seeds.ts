import { FIRST_HELD_OUT_SEED } from "../seeds.js";

/** Other numbers here than where data or results come from: they show other rooms. */
export const ROOMS_VERSION = 2;

/** More than an episode has pictures, so that no two pictures share a room. */
const ROOMS_AN_EPISODE = 1000;

/** Seed of the room of one picture of an episode of exploration. */
export function trainingRoomSeed(episodeSeed: number, picture: number): number {
  return episodeSeed * ROOMS_AN_EPISODE + picture;
}

/** Seed of the room of an evaluation's episode; beyond those of all pictures that training can have. */
export function evaluationRoomSeed(seed: number): number {
  return FIRST_HELD_OUT_SEED * ROOMS_AN_EPISODE + seed;
}
