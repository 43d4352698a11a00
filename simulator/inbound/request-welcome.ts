// A customer opens the chat for the first time, with nothing written: the business may welcome them.
import { Type } from 'typebox';
import { strict, variant } from './variant.ts';

const RequestWelcome = Type.Object({ type: Type.Literal('request_welcome') }, strict);

export const requestWelcome = variant(RequestWelcome, () => ({ type: 'request_welcome', body: {} }));
