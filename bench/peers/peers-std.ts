/**
 * Width of the peers' first samples, as a share of the box's half width. They sample with deviation 1 in z-scored actions, and actions that are spread evenly over a
 * box have this deviation; the shipped bundle's search begins with 0.6.
 */
export const PEERS_STD = 1 / Math.sqrt(3);
