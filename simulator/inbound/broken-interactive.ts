// An interactive message whose own part is missing, with the error beside it in the value: as captured.
import { Type } from 'typebox';
import { strict, variant } from './variant.ts';

const BrokenInteractive = Type.Object({ type: Type.Literal('broken_interactive') }, strict);

export const brokenInteractive = variant(BrokenInteractive, () => ({
  type: 'interactive',
  body: {},
  errorsBeside: [
    {
      code: 131_000,
      title: 'Something went wrong',
      message: 'Something went wrong',
      error_data: { details: 'Unsupported webhook payload' },
    },
  ],
}));
