// A test in the dialects that have no word for one: a message from nobody to a number that is none, as the button "Test" in Meta's
// dashboard sends it.
import { contactIdOf, conversationIdOf } from '../conversations/ids.ts';
import type { MessageReceived, WebhookTest } from '../events/event.ts';
import { hashedId } from '../kernel/ids.ts';

const FROM = '16315551181';
const PHONE_NUMBER_ID = '123456123';

export function testMessage({ id, organisationId, at }: WebhookTest): MessageReceived {
  const wamid = `wamid.TEST_${id}`;
  const timestamp = String(Math.floor(at / 1_000));
  const name = 'test user name';
  return {
    type: 'message.received',
    id,
    organisationId,
    at,
    number: {
      phoneNumberId: PHONE_NUMBER_ID,
      wabaId: '0',
      phone: '16505551111',
      displayPhoneNumber: '+1 650-555-1111',
    },
    messageId: hashedId('msg', wamid),
    wamid,
    conversationId: conversationIdOf(PHONE_NUMBER_ID, FROM),
    conversation: FROM,
    person: { id: contactIdOf(PHONE_NUMBER_ID, FROM), name, phone: FROM, userId: null },
    field: 'messages',
    message: { from: FROM, id: wamid, timestamp, type: 'text', text: { body: 'this is a text message' } },
    contacts: [{ profile: { name }, wa_id: FROM }],
    errors: [],
    isNewConversation: true,
    media: null,
  };
}
