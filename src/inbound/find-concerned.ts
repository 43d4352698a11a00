// Whom a change of Meta's is about. Its metadata name a number; what has none is about the WABA of its entry, whose numbers may belong to
// several organisations, or about one of these numbers. The app whose secret signed it is the fence.
import { isObject } from '../kernel/json.ts';
import { text, type Change } from '../meta/webhook-envelope.ts';
import type { App } from '../organisations/app-directory.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';

export interface Concerned {
  numbers: readonly BusinessNumber[];
  /** The one number it is about; undefined where it is about the WABA. */
  number: BusinessNumber | undefined;
}

export async function findConcerned(
  directory: Pick<NumberDirectory, 'numbersForWebhook'>,
  app: App,
  change: Change,
): Promise<Concerned> {
  const of = async (about: { phoneNumberId?: string; wabaId?: string }): Promise<BusinessNumber[]> =>
    (await directory.numbersForWebhook(about)).filter((one) => one.appId === app.id);
  const { phoneNumberId, wabaId, value } = change;
  if (phoneNumberId !== undefined) return aboutOne(await of({ phoneNumberId }));
  const ofEntry = wabaId === '' ? [] : await of({ wabaId });
  // What a partner is told of its customers' WABAs comes under the partner's own id.
  const named = isObject(value['waba_info']) ? text(value['waba_info']['waba_id']) : undefined;
  const numbers = ofEntry.length === 0 && named !== undefined ? await of({ wabaId: named }) : ofEntry;
  const phone = text(value['display_phone_number'])?.replaceAll(/\D/g, '');
  return phone === undefined
    ? { numbers, number: undefined }
    : aboutOne(numbers.filter((one) => one.phone === phone));
}

function aboutOne(numbers: BusinessNumber[]): Concerned {
  return { numbers, number: numbers[0] };
}
