// postmaster.pid, as PostgreSQL writes it while it runs: who it is, where it listens, how far its start is.
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** What the file in a cluster's folder says; undefined when there is none, or none that is complete. */
export function readPostmasterFile(folder: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined; // Not there: it does not run, or has not come so far.
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Whether the living process is the PostgreSQL of this folder, and not one that was given its id later. */
export function isPostmasterOf(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return process.platform !== 'linux'; // No /proc: the connection that follows decides.
  }
}
