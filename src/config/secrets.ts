// Secrets, apart from Config: the object shows nothing when it is logged, printed or turned into JSON.
import { inspect } from 'node:util';

export interface Secrets {
  /** What is sealed under, first; then earlier ones that still open what they sealed. */
  readonly sealing: readonly [string, ...string[]];
}

export function createSecrets(secret: string, oldSecrets: readonly string[] = []): Secrets {
  const hidden = () => '[secrets]';
  const secrets = {};
  Object.defineProperty(secrets, 'sealing', {
    value: Object.freeze([secret, ...oldSecrets]),
    enumerable: false,
  });
  Object.defineProperty(secrets, 'toJSON', { value: hidden, enumerable: false });
  Object.defineProperty(secrets, inspect.custom, { value: hidden, enumerable: false });
  return Object.freeze(secrets) as Secrets;
}
