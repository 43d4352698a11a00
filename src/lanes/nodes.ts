// The nodes of this installation and what each owns, for the operator.
import type { Context } from '../context.ts';
import { forgetNodes, readLanes, readNodes, type LaneListing, type NodeRow } from './lane-store.ts';

export type { LaneListing } from './lane-store.ts';

export interface NodeListing extends NodeRow {
  /** Silent: it was not seen for longer than its lease; others take what it owns. */
  state: 'living' | 'silent' | 'stopped';
}

export interface Installation {
  nodes: NodeListing[];
  lanes: LaneListing[];
}

export async function listNodes(ctx: Context): Promise<Installation> {
  const leaseSeconds = ctx.config.times.leaseMs / 1_000;
  const rows = await readNodes(ctx.db);
  const nodes = rows.map((row): NodeListing => {
    const lives = row.silentSeconds <= leaseSeconds ? 'living' : 'silent';
    return { ...row, state: row.stoppedAt === null ? lives : 'stopped' };
  });
  return { nodes, lanes: await readLanes(ctx.db) };
}

/** Forgets nodes that were not seen for so long. The one that asks lives, so that the last sign of life is never forgotten. */
export function forgetSilentNodes(ctx: Context, hours: number): Promise<void> {
  return forgetNodes(ctx.db, hours);
}
