// Shares: how the lanes are spread over the nodes that live. Each owns at most its share and takes free ones only up to it, so that a
// node with more gives some up and finds them taken. The shares together hold all lanes: none stays free, and at rest none moves.

/** Lanes that a node may own while `neighbours` others live. */
export function shareOf(lanes: number, neighbours: number): number {
  return neighbours === 0 ? Infinity : Math.ceil(lanes / (neighbours + 1));
}

/** Part of what is too much that goes at one heartbeat: a node that has just come may go again. */
const PART = 0.25;

/** Lanes to give up at this heartbeat. */
export function surplusOf(owned: number, share: number): number {
  return owned <= share ? 0 : Math.ceil((owned - share) * PART);
}
