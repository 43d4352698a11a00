// Secrets, apart from Config: the object shows nothing when it is logged, printed or turned into JSON.

export interface Secrets {
  /** What is sealed under, first; then earlier ones that still open what they sealed. */
  readonly sealing: readonly [string, ...string[]];
}

export function createSecrets(secret: string, oldSecrets: readonly string[] = []): Secrets {
  const secrets: Secrets = { sealing: [secret, ...oldSecrets] };
  return Object.freeze(Object.defineProperty(secrets, 'sealing', { enumerable: false }));
}
