// What `kurir doctor` says of customers' media that could not be fetched or kept, and wait for their next try.
import type { Context } from '../context.ts';
import { countFailing } from '../media/count-failing.ts';
import type { Finding } from './finding.ts';

export async function examineMedia({ db }: Context): Promise<Finding[]> {
  const { count, failure } = await countFailing(db);
  if (count === 0) return [];
  return [
    {
      name: 'media',
      state: 'warning',
      says: `${count} of customers’ files wait, because a try to fetch them failed; of one: ${failure ?? 'no reason is known'}`,
      todo: 'Where the gateway cannot keep them, make room in KURIR_MEDIA_DIR (or look at the bucket). They are tried again by themselves for seven days.',
    },
  ];
}
