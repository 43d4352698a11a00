// A body checked against its schema: closed, so that a misspelt field is told and not ignored.
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { KurirError } from '../kernel/errors.ts';
import { fault } from '../meta/kinds/fault.ts';
import { firstFault } from '../meta/kinds/first-fault.ts';
import { requireObject, type Call } from './dialect.ts';

/** Throws `missing_required_field` or `invalid_field_value` for the first fault, in the order in which the body is written. */
export function readBody<Schema extends TSchema>(call: Call, schema: Schema): Static<Schema> {
  const body = requireObject(call);
  if (Check(schema, body)) return body;
  const { path, problem, missing } = firstFault(schema, body, '') ?? fault('', 'is not of the expected form');
  const where = path === '' ? 'The body' : path;
  throw new KurirError(
    missing ? 'missing_required_field' : 'invalid_field_value',
    `${where} ${problem}.`,
    path === '' ? {} : { param: path },
  );
}
