// The envelopes in which Kirim's documents answer, looked at whole: no key too few, none too many.
import { expect } from 'vitest';

import { expectStatus } from './expect-reply.ts';
import type { Reply } from './house.ts';

export const MESSAGE_ID = /^msg_[0-9A-HJKMNP-TV-Z]{26}$/;
export const REQUEST_ID = /^req_[0-9A-HJKMNP-TV-Z]{26}$/;
export const WAMID = /^wamid\.[A-Za-z0-9+/=]+$/;
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const STATUSES = ['queued', 'pending', 'sent', 'delivered', 'read', 'failed'];

export interface Refusal {
  status: number;
  type: string;
  code: string;
  param?: string;
}

/** An error as the documents show it: type, code, message, the field where there is one, and the id of the request. */
export function expectRefusal(reply: Reply, refusal: Refusal): void {
  const { status, ...rest } = refusal;
  expectStatus(reply, status);
  expect(reply.body).toEqual({
    error: { ...rest, message: expect.stringMatching(/\S/), request_id: expect.stringMatching(REQUEST_ID) },
  });
  expect(reply.headers.get('x-request-id')).toBe(reply.body.error.request_id);
}

/** A taken send: the fields of the documents' schema in their types, and nothing else. */
export function expectSent(reply: Reply, about: { status: number; to: string; type: string }): void {
  expectStatus(reply, about.status);
  const { data, ...rest } = reply.body;
  expect(rest).toEqual({ request_id: expect.stringMatching(REQUEST_ID) });
  expect(reply.headers.get('x-request-id')).toBe(reply.body['request_id']);
  const { message_id: wamid, error, ...required } = data;
  expect(required).toEqual({
    id: expect.stringMatching(MESSAGE_ID),
    object: 'message',
    to: about.to,
    type: about.type,
    status: expect.stringMatching(new RegExp(`^(${STATUSES.join('|')})$`)),
    created_at: expect.stringMatching(INSTANT),
    conversation_id: expect.stringMatching(/^cnv_[0-9A-HJKMNP-TV-Z]{26}$/),
  });
  if (wamid !== undefined) expect(wamid).toMatch(WAMID);
  if (data.status !== 'failed') expect(error).toBeUndefined();
}
