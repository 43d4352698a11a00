// `kurir nodes`: the gateways that share the database, and which numbers each of them drives.
import { listNodes, type Installation, type LaneListing, type NodeListing } from '../lanes/nodes.ts';
import { shownTime, table, type Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export interface ListNodesOptions {
  /** Number by number. */
  numbers?: boolean;
}

export async function listNodesCommand(terminal: Terminal, options: ListNodesOptions): Promise<void> {
  const installation = await withTables(listNodes);
  const numbers = options.numbers === true;
  terminal.result(toValue(installation, numbers), () => shown(terminal, installation, numbers));
}

function toValue({ nodes, lanes }: Installation, numbers: boolean): object {
  return {
    data: nodes.map((node) => ({
      ...node,
      silentSeconds: Math.round(node.silentSeconds),
      ...sumOf(lanes.filter((lane) => lane.owner === node.id)),
    })),
    withoutNode: sumOf(withoutNode({ nodes, lanes })),
    ...(numbers ? { lanes } : {}),
  };
}

function shown(terminal: Terminal, installation: Installation, numbers: boolean): string {
  const { nodes, lanes } = installation;
  if (nodes.length === 0)
    return 'No gateway has run on this database yet. Start one: kurir start, or kurir dev.';
  const rows = nodes.map((node) => {
    const owned = sumOf(lanes.filter((lane) => lane.owner === node.id));
    const counts = [String(owned.numbers), String(owned.queued)];
    return [
      node.id,
      node.state,
      ago(node.silentSeconds),
      ...counts,
      `${node.host}:${node.pid}`,
      node.version,
      shownTime(node.startedAt),
    ];
  });
  const names = ['NODE', 'STATE', 'SEEN', 'NUMBERS', 'QUEUED', 'PROCESS', 'VERSION', 'SINCE'];
  const parts = [table(terminal.style, names, rows), ...advice(terminal, installation)];
  if (numbers) {
    const perNumber = lanes.map((lane) => [
      lane.phoneNumberId,
      lane.owner ?? '-',
      String(lane.epoch),
      String(lane.queued),
    ]);
    parts.push(table(terminal.style, ['PHONE NUMBER ID', 'NODE', 'EPOCH', 'QUEUED'], perNumber));
  }
  return parts.join('\n\n');
}

function advice({ style }: Terminal, installation: Installation): string[] {
  const silent = installation.nodes
    .filter((node) => node.state === 'silent')
    .map((node) => {
      const owned = installation.lanes.filter((lane) => lane.owner === node.id).length;
      const others =
        owned > 0 ? 'Its numbers wait for a node that lives: start one.' : 'Other nodes drive its numbers.';
      return `${style.yellow('!')} ${node.id} has been silent for ${span(node.silentSeconds)}. ${others}\n  → If it should run, look at its log on ${node.host} (process ${node.pid}) and start it again; if not, nothing is to be done: it is forgotten after a day.`;
    });
  const free = withoutNode(installation).filter((lane) => lane.owner === null).length;
  const lives = installation.nodes.some((node) => node.state === 'living');
  if (free > 0)
    silent.push(
      lives
        ? `${style.yellow('!')} ${free} numbers are between two nodes: look again in a few seconds.`
        : `${style.red('✗')} No node runs: nothing is sent. Start one: kurir start`,
    );
  return silent;
}

function withoutNode({ nodes, lanes }: Installation): LaneListing[] {
  const living = new Set(nodes.filter(isLiving).map((node) => node.id));
  return lanes.filter((lane) => lane.owner === null || !living.has(lane.owner));
}

function isLiving(node: NodeListing): boolean {
  return node.state === 'living';
}

function sumOf(lanes: readonly LaneListing[]): { numbers: number; queued: number } {
  return { numbers: lanes.length, queued: lanes.reduce((sum, lane) => sum + lane.queued, 0) };
}

function ago(seconds: number): string {
  return `${span(seconds)} ago`;
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
