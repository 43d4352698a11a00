// Every call that wanted to send, taken or not, with the moments between which it was under way, on the clock of the wire. In
// memory and bounded. From it a bench reads the pace that arrived, and a crash test that no two calls for one customer overlapped.
import { createTail } from './tail.ts';

export interface SendCall {
  seq: number;
  /** The business number. */
  number: string;
  /** Digits of the customer. */
  to: string;
  token: string | undefined;
  arrivedAt: number;
  /** When the answer had left or the caller was gone; undefined: still under way. */
  endedAt: number | undefined;
  /** HTTP status, or what became of the answer. */
  answer: number | string | undefined;
  /** Meta's code of a refusal. */
  code: number | undefined;
  /** The wamid, when it was taken. */
  wamid: string | undefined;
}

export interface SendCalls {
  begin(call: Pick<SendCall, 'number' | 'to' | 'token' | 'arrivedAt'>): SendCall;
  /** Calls after number `after`, in the order they arrived. */
  page(after: number, limit: number): SendCall[];
  clear(): void;
}

export function createSendCalls(keep: number): SendCalls {
  const calls = createTail<SendCall>(keep);
  return {
    begin({ number, to, token, arrivedAt }) {
      const call: SendCall = {
        seq: calls.latest + 1,
        number,
        to,
        token,
        arrivedAt,
        endedAt: undefined,
        answer: undefined,
        code: undefined,
        wamid: undefined,
      };
      calls.add(call);
      return call;
    },
    page: (after, limit) => calls.page(after, limit),
    clear: () => calls.clear(),
  };
}
