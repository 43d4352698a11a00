// What comes in besides statuses: whose it is, and that nothing of it is lost.
import type { Mechanism } from './mechanism.ts';

const PASSED_ON = 'test/conformance/inbound/passed-on.test.ts';
const ELSEWHERE = 'test/conformance/inbound/elsewhere.test.ts';

export const INBOUND: readonly Mechanism[] = [
  {
    promise: 8,
    mechanism: 'what is about one number is no business of the others of its WABA',
    file: 'src/inbound/find-concerned.ts',
    find: 'aboutOne(numbers.filter((one) => one.phone === phone))',
    replace: 'aboutOne([...numbers])',
    test: { file: PASSED_ON, name: 'each change is told to whom it is about, and nothing is set aside' },
  },
  {
    promise: 1,
    mechanism: 'a change that nobody hears of is set aside',
    file: 'src/inbound/pass-on.ts',
    find: 'rows: organisations.filter((one) => !hears(one))',
    replace: 'rows: organisations.filter((one) => !hears(one) && one.length === 0)',
    test: { file: PASSED_ON, name: 'where nobody listens it is set aside' },
  },
  {
    promise: 1,
    mechanism: 'what cannot be read is set aside',
    file: 'src/meta/webhook-envelope.ts',
    find: 'if (!Array.isArray(entries)) return [unreadable(body)];',
    replace: 'if (!Array.isArray(entries)) return [];',
    test: { file: PASSED_ON, name: 'what cannot be read at all is set aside as it is' },
  },
  {
    promise: 6,
    mechanism: 'what Meta said late does not take the place of what it said last',
    file: 'src/organisations/number-store.ts',
    find: "::timestamptz <= ($4::jsonb ->> 'at')::timestamptz",
    replace: "::timestamptz <> ($4::jsonb ->> 'at')::timestamptz",
    test: {
      file: PASSED_ON,
      name: 'what is said of a number, or of its account, is shown on it, as last said',
    },
  },
  {
    promise: 6,
    mechanism: 'a message sent through Kurir is not kept again as an echo',
    file: 'src/messages/elsewhere-store.ts',
    find: 'and s.id <> i.id)',
    replace: 'and s.id <> i.id and false)',
    test: {
      file: ELSEWHERE,
      name: 'nothing of it is set aside, and a message sent through Kurir is not kept again as an echo',
    },
  },
  {
    promise: 6,
    mechanism: 'the media of history take the place of what stood for them',
    file: 'src/messages/elsewhere-store.ts',
    find: "where m.type = 'media_placeholder'",
    replace: "where m.type = 'none'",
    test: {
      file: ELSEWHERE,
      name: 'history is messages of long ago: no unread, no window, told as history alone',
    },
  },
  {
    promise: 7,
    mechanism: 'that a conversation is open again is told with the message that opened it',
    file: 'src/inbound/keep-store.ts',
    find: 'then excluded.opened_by else c.opened_by end',
    replace: 'then excluded.opened_by else excluded.opened_by end',
    test: {
      file: 'test/walks/tell-people.test.ts',
      name: 'a conversation that was resolved is told to be open again, once, whoever opened it',
    },
  },
];
