// Runs a tool of node_modules on this Node, in the root of the repository, and keeps what it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(import.meta.dirname, '..');

export interface ToolResult {
  ok: boolean;
  /** All that it wrote, errors last. */
  said: string;
}

/** `command` is the tool's program below node_modules, then its arguments. */
export async function runTool([program, ...args]: readonly [string, ...string[]]): Promise<ToolResult> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', program), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { ok: code === 0, said: `${output}${errors}`.trim() };
}
