// Connections that only go where the guard lets them. A name is looked up once for each connection, every address of it is judged, and
// the connection goes to what was judged: nothing is looked up a second time, so a name that changes its mind in between changes nothing.
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';

import type { AddressGuard, AddressVerdict } from './guard-address.ts';
import type { LookUp } from './look-up.ts';

export class BlockedAddress extends Error {
  constructor(host: string) {
    const leads = isIP(host) === 0 ? `${host} leads to an address` : `${host} is an address`;
    super(`${leads} that webhooks may not go to; the operator can allow its network (KURIR_WEBHOOK_ALLOW)`);
  }
}

export class LookUpFailed extends Error {}

export interface GuardedConnectorOptions {
  guard: AddressGuard;
  lookUp: LookUp;
  timeoutMs: number;
  /** Connections at the most, to all receivers together; further ones wait for one that closes. */
  socketsMax: number;
}

export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const plain = createJudgedConnector(options, ['allowed']);
  // Made when it is wanted: the system's certificates take a tenth of a second to read.
  let secure: buildConnector.connector | undefined;
  const secured = () =>
    (secure ??= createJudgedConnector(
      options,
      ['public', 'allowed'],
      createSecureContext({ ca: authorities() }),
    ));
  const places = createPlaces(options.socketsMax);
  return (target, callback) => {
    const connect = target.protocol === 'https:' ? secured() : plain;
    places.take(() => {
      connect(target, (...[error, socket]) => {
        if (error) {
          places.give();
          callback(error, null);
        } else {
          socket.once('close', () => places.give());
          callback(null, socket);
        }
      });
    });
  };
}

function createJudgedConnector(
  { guard, lookUp, timeoutMs }: GuardedConnectorOptions,
  accepted: readonly AddressVerdict[],
  secureContext?: SecureContext,
): buildConnector.connector {
  const mayGo = (address: string) => accepted.includes(guard.judge(address));
  const lookup: LookupFunction = (name, _options, found) => callbackify(judged)(name, found);
  const connect = buildConnector({
    allowH2: false,
    timeout: timeoutMs,
    // All addresses are asked for and tried in turn.
    autoSelectFamily: true,
    lookup,
    ...(secureContext && { secureContext }),
  });
  return (target, callback) => {
    // A host that is an address is never looked up.
    if (isIP(target.hostname) !== 0 && !mayGo(target.hostname))
      return callback(new BlockedAddress(target.hostname), null);
    connect(target, (...[error, socket]) => {
      if (error) return callback(error, null);
      // What was connected to in the end: it holds even if something above were wrong.
      const { remoteAddress } = socket;
      if (remoteAddress !== undefined && mayGo(remoteAddress)) return callback(null, socket);
      socket.destroy();
      callback(
        remoteAddress === undefined
          ? Object.assign(new Error('closed at once'), { code: 'ECONNRESET' })
          : new BlockedAddress(target.hostname),
        null,
      );
    });
  };

  async function judged(name: string): Promise<LookupAddress[]> {
    const addresses = await lookUp(name).catch((cause: unknown) => {
      throw new LookUpFailed(`${name} was not found`, { cause });
    });
    if (addresses.length === 0) throw new LookUpFailed(`${name} has no address`);
    if (!addresses.every(mayGo)) throw new BlockedAddress(name);
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }
}

/** Node's roots and the system's, where an organisation's own authority stands. */
function authorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

function createPlaces(placesMax: number): { take(begin: () => void): void; give(): void } {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return {
    take(begin) {
      if (taken >= placesMax) return void waiting.push(begin);
      taken += 1;
      begin();
    },
    give() {
      const next = waiting.shift();
      if (next) next();
      else taken -= 1;
    },
  };
}
