// Who may call the control API: programs on this machine. A page in a browser must not be able to, wherever it came from: the
// Host must name the machine itself (so no foreign name that resolves here), the Origin, if there is one, the simulator.
import type { IncomingHttpHeaders } from 'node:http';
import { ControlRefusal } from '../control-refusal.ts';

export function checkCaller(headers: IncomingHttpHeaders, extraHosts: readonly string[]): void {
  const host = headers.host ?? '';
  const name = hostname(host);
  if (!isLoopback(name) && !extraHosts.includes(name)) {
    throw new ControlRefusal(
      'forbidden',
      `The control API answers on this machine's own names only, not on "${name}".`,
    );
  }
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const foreign = origin !== undefined && origin !== `http://${host}`;
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    throw new ControlRefusal('forbidden', 'The control API takes no calls from pages of another origin.');
  }
}

function hostname(host: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(host);
  return (bracketed?.[1] ?? host.split(':')[0] ?? '').toLowerCase();
}

function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  );
}
