// Coexistence: what the business wrote with WhatsApp's own app, what was written before, and its address book; from the contract.
import type { JsonObject } from '../../../src/kernel/json.ts';
import { BUSINESS_PHONE } from '../../support/house.ts';
import { ANI, around, BUDI, SECONDS, wamid } from './golden-people.ts';
import type { Told } from './golden-fields.ts';

const fromUs = (name: string, message: JsonObject): JsonObject => ({
  from: BUSINESS_PHONE,
  to: ANI.phone,
  to_user_id: ANI.userId,
  id: wamid(name),
  timestamp: String(SECONDS),
  ...message,
});

export const ECHOES: Record<string, Told> = {
  'echo of a text': [
    'smb_message_echoes',
    around({ message_echoes: [fromUs('echo of a text', { type: 'text', text: { body: 'Dari ponsel' } })] }),
  ],
  'echo of an image to a user id': [
    'smb_message_echoes',
    around({
      message_echoes: [
        {
          from: BUSINESS_PHONE,
          to_user_id: BUDI.userId,
          id: wamid('echo of an image'),
          timestamp: String(SECONDS),
          type: 'image',
          image: {
            caption: 'Menu',
            mime_type: 'image/jpeg',
            sha256: 'qmJ1Yi0=',
            id: '3310000000000020',
            url: 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=3310000000000020',
          },
        },
      ],
    }),
  ],
  'echo of an edit': [
    'smb_message_echoes',
    around({
      message_echoes: [
        fromUs('echo of an edit', {
          type: 'edit',
          edit: {
            original_message_id: wamid('echo of a text'),
            message: { type: 'text', text: { body: 'Dari ponsel saya' } },
          },
        }),
      ],
    }),
  ],
  'echo that will be revoked': [
    'smb_message_echoes',
    around({
      message_echoes: [fromUs('echo that will be revoked', { type: 'text', text: { body: 'Ups' } })],
    }),
  ],
  'echo of a revocation': [
    'smb_message_echoes',
    around({
      message_echoes: [
        fromUs('echo of a revocation', {
          type: 'revoke',
          revoke: { original_message_id: wamid('echo that will be revoked') },
        }),
      ],
    }),
  ],
  'echo of another application': [
    'message_echoes',
    around({
      message_echoes: [fromUs('echo of another application', { type: 'text', text: { body: 'Dari CRM' } })],
    }),
  ],
};

const historic = (name: string, message: JsonObject, status: string): JsonObject => ({
  id: wamid(name),
  timestamp: String(SECONDS - 8_640_000),
  ...message,
  history_context: { status },
});

export const HISTORY: Record<string, Told> = {
  history: [
    'history',
    around({
      history: [
        {
          metadata: { phase: 0, chunk_order: 1, progress: 55 },
          threads: [
            {
              id: ANI.phone,
              context: { wa_id: ANI.phone, user_id: ANI.userId },
              messages: [
                historic(
                  'asked long ago',
                  { from: ANI.phone, type: 'text', text: { body: 'Buka jam berapa?' } },
                  'READ',
                ),
                historic(
                  'answered long ago',
                  {
                    from: BUSINESS_PHONE,
                    to: ANI.phone,
                    type: 'text',
                    text: { body: 'Jam tujuh' },
                  },
                  'DELIVERED',
                ),
                historic('pictured long ago', { from: ANI.phone, type: 'media_placeholder' }, 'PENDING'),
              ],
            },
          ],
        },
      ],
    }),
  ],
  'media of history': [
    'history',
    around({
      contacts: [{ profile: { name: ANI.name }, wa_id: ANI.phone }],
      messages: [
        {
          from: ANI.phone,
          id: wamid('pictured long ago'),
          timestamp: String(SECONDS - 8_640_000),
          type: 'image',
          image: {
            caption: 'Toko lama',
            mime_type: 'image/jpeg',
            sha256: 'qmJ1Yi0=',
            id: '3310000000000021',
            url: 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=3310000000000021',
          },
        },
      ],
    }),
  ],
  'history declined': [
    'history',
    around({
      history: [
        {
          errors: [
            {
              code: 2_593_109,
              title: 'History sharing is turned off by the business',
              message: 'History sharing is turned off by the business',
              error_data: { details: 'The business did not share its history.' },
            },
          ],
        },
      ],
    }),
  ],
};

export const ADDRESS_BOOK: Record<string, Told> = {
  'address book': [
    'smb_app_state_sync',
    around({
      state_sync: [
        {
          type: 'contact',
          contact: { full_name: 'Ani (Langganan)', first_name: 'Ani', phone_number: ANI.phone },
          action: 'add',
          metadata: { timestamp: String(SECONDS) },
        },
        {
          type: 'contact',
          contact: { phone_number: '628111222999' },
          action: 'remove',
          metadata: { timestamp: String(SECONDS) },
        },
      ],
    }),
  ],
};
