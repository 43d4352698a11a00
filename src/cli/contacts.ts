// `kurir contacts`: the customers of an organisation.
import { createInterface } from 'node:readline/promises';

import { erasePerson } from '../chores/erase-person.ts';
import { ensureOnlyOrganisation } from '../organisations/organisations.ts';
import { CommandError, EXIT } from './complain.ts';
import type { OfOrganisation } from './keys.ts';
import type { Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export interface EraseOptions extends OfOrganisation {
  yes?: boolean;
}

export async function eraseContactCommand(
  terminal: Terminal,
  person: string,
  options: EraseOptions,
): Promise<void> {
  if (!options.yes) await confirm(person);
  const erased = await withTables(async (ctx) => {
    const { id: organisationId } = await ensureOnlyOrganisation(ctx, options.organisation);
    return erasePerson(ctx, { organisationId, person });
  });
  const counts = Object.entries(erased).filter(([, count]) => count > 0);
  terminal.result(erased, () =>
    counts.length === 0
      ? 'Nothing was kept of this person.'
      : `Erased: ${counts.map(([what, count]) => `${count} ${what}`).join(', ')}. ` +
        'The files of media are deleted by a running gateway within seconds, or when one starts.',
  );
}

async function confirm(person: string): Promise<void> {
  const refused = new CommandError({
    exitCode: EXIT.usage,
    code: 'not_confirmed',
    message: 'Nothing was erased: it cannot be undone, so confirm it, or say --yes.',
  });
  if (!process.stdin.isTTY) throw refused;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(
    `Erase everything that is kept of ${person}? This cannot be undone. Type yes: `,
  );
  asking.close();
  if (answer.trim() !== 'yes') throw refused;
}
