// What kirim has under a number and, in its older form, for all numbers of the organisation.
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';

/** `handle` is told the number of the path; undefined on the path without. */
export function bothPaths(
  about: Pick<Endpoint, 'method' | 'path' | 'summary'>,
  handle: (call: Call, phoneNumberId: string | undefined) => Promise<Answer>,
): [Endpoint, Endpoint] {
  return [
    {
      ...about,
      path: `/:phone_number_id${about.path}`,
      budget: 'mount',
      handle: async (call) => handle(call, (await requireNumber(call)).phoneNumberId),
    },
    { ...about, budget: 'mount', handle: (call) => handle(call, undefined) },
  ];
}
