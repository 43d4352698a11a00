// What a caller gives, by its schema: as the type that the schema describes, or a refusal that names the field.
import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { ControlRefusal } from './control-refusal.ts';

/** The value, if it fits; `where` is the path of the value itself. */
export function checked<Schema extends TSchema>(schema: Schema, value: unknown, where = ''): Static<Schema> {
  if (Check(schema, value)) return value;
  const [error] = Errors(schema, value);
  const missing = error?.keyword === 'required' ? error.params.requiredProperties[0] : undefined;
  const param = [
    ...(where === '' ? [] : [where]),
    ...(error?.instancePath.split('/').slice(1) ?? []),
    ...(missing === undefined ? [] : [missing]),
  ].join('.');
  // A field that is not in the schema is one whose schema is `false`.
  const fault =
    missing === undefined
      ? error?.keyword === 'boolean'
        ? 'is not a field there'
        : error?.message
      : 'must be given';
  throw new ControlRefusal('invalid_request', `${param === '' ? 'The body' : param} ${fault}.`, { param });
}
