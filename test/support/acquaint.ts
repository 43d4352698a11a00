// Nodes of a house that listen for each other's hints, and know that they are not alone.
import { createHash } from 'node:crypto';

import { until, type House, type Node } from './house.ts';

/** The sessions in which nodes of this house listen. */
export async function listening(house: House): Promise<number[]> {
  const channel = `kurir_${createHash('md5').update(house.schema).digest('hex')}`;
  const rows = await house.ctx.db.query<{ pid: number }>(
    'select pid from pg_stat_activity where query = $1',
    [`listen "${channel}"`],
  );
  return rows.map((row) => row.pid);
}

/** All nodes listen for hints, and know of each other. */
export async function acquaint(house: House, nodes: Node[]): Promise<void> {
  await until('every node to listen', async () => (await listening(house)).length === nodes.length + 1);
  for (const node of [house, ...nodes]) await node.gateway.beat();
}
