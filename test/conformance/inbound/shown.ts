// What the API shows of each golden message besides what it shows of every message.
import { expect } from 'vitest';

import type { JsonObject } from '../../../src/kernel/json.ts';
import { BUSINESS_PHONE } from '../../support/house.ts';
import { ANI, BUDI, GROUP_ID, JORG, SECONDS, wamid } from './golden-people.ts';

const ani = { from: `+${ANI.phone}`, from_user_id: ANI.userId };
const budi = { from: BUDI.userId, from_user_id: BUDI.userId };
const jorg = { from: `+${JORG.phone}` };
const context = { from: BUSINESS_PHONE, id: wamid('a message of ours') };

const SHA = 'qmJ1Yi0gc2hhMjU2IG9mIGEgZ29sZGVuIGZpbGUgLi4uMDA=';

function media(type: string, id: string, told: JsonObject & { mime_type: string }): JsonObject {
  const { caption, filename, mime_type } = told;
  return {
    type,
    mime_type,
    ...(caption === undefined ? {} : { caption }),
    ...(filename === undefined ? {} : { filename }),
    [type]: { ...told, sha256: SHA, id },
  };
}

const unsupported = (details: string, code = 131051, title = 'Message type unknown'): JsonObject => ({
  type: 'unsupported',
  errors: [{ code, title, message: title, error_data: { details } }],
});

/** By the variant's name. */
export const SHOWN: Record<string, JsonObject> = {
  text: { ...ani, type: 'text', content: 'Halo, apakah masih buka?' },
  'text of a phone without a user id': {
    ...jorg,
    type: 'text',
    content: 'Grüße aus Köln 👋🏽\nBis später',
  },
  'text of a user id without a phone': { ...budi, type: 'text', content: 'Nomor saya rahasia' },
  'text that looks like code': {
    ...ani,
    type: 'text',
    content: `{"a":"<b>'\\"{{x}}</b>"} https://kopi.example/?q=1&r=2`,
  },
  reply: { ...ani, type: 'text', content: 'Yang ini', context },
  forwarded: { ...ani, type: 'text', content: 'Promo minggu ini!', context: { forwarded: true } },
  'frequently forwarded': {
    ...ani,
    ...media('image', '3310000000000001', { mime_type: 'image/jpeg' }),
    context: { frequently_forwarded: true },
  },
  'product enquiry': {
    ...ani,
    type: 'text',
    content: 'Masih ada?',
    context: {
      ...context,
      referred_product: { catalog_id: '194836987003835', product_retailer_id: 'kopi-gayo-250' },
    },
  },
  'from an advertisement': {
    ...ani,
    type: 'text',
    content: 'Mau pesan',
    referral: {
      source_url: 'https://fb.me/3kopi',
      source_id: '120210000000000001',
      source_type: 'ad',
      body: 'Kopi senja, diantar.',
      headline: 'Pesan sekarang',
      media_type: 'image',
      image_url: 'https://scontent.example/ad.jpg',
      ctwa_clid: 'ARAkLkA8rmlFeiCktEJQ',
      welcome_message: { text: 'Halo! Ada yang bisa dibantu?' },
    },
  },
  'from a post with a video': {
    ...ani,
    type: 'text',
    content: 'Video ini bagus',
    referral: {
      source_url: 'https://fb.me/4kopi',
      source_id: '120210000000000002',
      source_type: 'post',
      body: '',
      headline: 'Cara seduh',
      media_type: 'video',
      video_url: 'https://scontent.example/seduh.mp4',
      thumbnail_url: 'https://scontent.example/seduh.jpg',
    },
  },
  'text with an identity': {
    ...ani,
    type: 'text',
    content: 'Ini saya',
    identity: { acknowledged: true, created_timestamp: 1_779_999_000_000, hash: 'DF2lS5v2W6x=' },
  },
  image: {
    ...ani,
    ...media('image', '3310000000000002', { caption: 'Struk pembayaran', mime_type: 'image/jpeg' }),
  },
  'image without a caption': {
    ...ani,
    ...media('image', '3310000000000003', { mime_type: 'image/png' }),
  },
  video: { ...ani, ...media('video', '3310000000000004', { caption: 'Lihat ini', mime_type: 'video/mp4' }) },
  audio: { ...ani, ...media('audio', '3310000000000005', { mime_type: 'audio/mpeg', voice: false }) },
  voice: {
    ...ani,
    ...media('audio', '3310000000000006', { mime_type: 'audio/ogg; codecs=opus', voice: true }),
  },
  document: {
    ...ani,
    ...media('document', '3310000000000007', {
      caption: 'Invoice bulan Mei',
      filename: 'invoice "Mei" 05/2026.pdf',
      mime_type: 'application/pdf',
    }),
  },
  sticker: {
    ...ani,
    ...media('sticker', '3310000000000008', { mime_type: 'image/webp', animated: false }),
  },
  'animated sticker': {
    ...ani,
    ...media('sticker', '3310000000000009', { mime_type: 'image/webp', animated: true }),
  },
  'image of a user id': { ...budi, ...media('image', '3310000000000010', { mime_type: 'image/jpeg' }) },
  'dropped pin': {
    ...ani,
    type: 'location',
    location: { latitude: -6.1753871, longitude: 106.8249641 },
  },
  location: {
    ...ani,
    type: 'location',
    location: {
      latitude: -7.7955798,
      longitude: 110.3694896,
      name: 'Tugu Jogja',
      address: 'Jl. Jend. Sudirman, Yogyakarta',
      url: 'https://tugu.example',
    },
  },
  contacts: {
    ...ani,
    type: 'contacts',
    contacts: [
      {
        name: 'Siti Rahma',
        phone: '+62 812-0000-0001',
        wa_id: '6281200000001',
        phones: [{ phone: '+62 812-0000-0001', wa_id: '6281200000001', type: 'CELL' }],
        emails: [{ email: 'siti@kopi.example', type: 'WORK' }],
        org: { company: 'Kopi Senja' },
        vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Siti Rahma\nEND:VCARD',
      },
      { name: 'Tanpa Telepon' },
    ],
  },
  'contacts that were asked for': {
    ...budi,
    type: 'contacts',
    origin: 'contact_request',
    contacts: [
      {
        name: 'Budi',
        phone: '+62 813-0000-0002',
        wa_id: '6281300000002',
        phones: [{ phone: '+62 813-0000-0002', wa_id: '6281300000002' }],
      },
    ],
  },
  reaction: {
    ...ani,
    type: 'reaction',
    reaction: { target_message_id: wamid('a message of ours'), emoji: '❤️' },
  },
  'reaction removed': {
    ...ani,
    type: 'reaction',
    reaction: { target_message_id: wamid('a message of ours'), emoji: '' },
  },
  'reaction removed, as before': {
    ...jorg,
    type: 'reaction',
    reaction: { target_message_id: wamid('a message of ours'), emoji: '' },
  },
  button: { ...ani, type: 'button', button: { payload: 'PESANAN-OK', text: 'Ya, benar' }, context },
  'button of a code': {
    ...ani,
    type: 'button',
    button: { payload: 'DID_NOT_REQUEST_CODE', text: "I didn't request a code" },
    context,
    from_logical_id: '1047293847561029',
  },
  'button reply': {
    ...ani,
    type: 'interactive',
    interactive: { type: 'button_reply', id: 'bayar-di-tempat', title: 'Bayar di tempat' },
    context,
  },
  'button reply without context': {
    ...ani,
    type: 'interactive',
    interactive: { type: 'button_reply', id: 'batal', title: 'Batal' },
  },
  'list reply': {
    ...ani,
    type: 'interactive',
    interactive: { type: 'list_reply', id: 'gayo', title: 'Kopi Gayo', description: '250 g, biji' },
    context,
  },
  'flow reply': {
    ...ani,
    type: 'interactive',
    interactive: {
      type: 'nfm_reply',
      name: 'flow',
      body: 'Sent',
      response_json: '{"flow_token":"senja-1","jumlah":2,"catatan":"tanpa gula \\u2615"}',
    },
    context,
  },
  'address reply': {
    ...ani,
    type: 'interactive',
    interactive: {
      type: 'nfm_reply',
      name: 'address_message',
      body: 'Jl. Senja 1, Yogyakarta',
      response_json: '{"values":{"city":"Yogyakarta","address":"Jl. Senja 1"}}',
    },
    context,
  },
  'call permitted': {
    ...ani,
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      response: 'accept',
      is_permanent: false,
      expiration_timestamp: SECONDS + 604_800,
      response_source: 'user_action',
    },
    context,
  },
  'call refused': {
    ...ani,
    type: 'interactive',
    interactive: { type: 'call_permission_reply', response: 'reject', response_source: 'automatic' },
  },
  'interactive that Meta could not tell': { ...ani, type: 'interactive' },
  order: {
    ...ani,
    type: 'order',
    order: {
      catalog_id: '194836987003835',
      text: 'Tolong cepat',
      product_items: [
        { product_retailer_id: 'kopi-gayo-250', quantity: 2, item_price: 85_000, currency: 'IDR' },
        { product_retailer_id: 'saringan', quantity: 1, item_price: 12_500.5, currency: 'IDR' },
      ],
    },
  },
  'system: changed number': {
    ...ani,
    type: 'system',
    system: {
      body: 'Ani Wijaya changed from 628111222333 to 628111222334',
      wa_id: '628111222334',
      user_id: ANI.userId,
      type: 'user_changed_number',
    },
  },
  'system: changed user id': {
    ...ani,
    type: 'system',
    system: {
      body: 'User Ani Wijaya changed the user id',
      previous_user_id: ANI.userId,
      user_id: 'ID.1047293847561030',
      type: 'user_changed_user_id',
    },
  },
  'system: changed identity': {
    ...ani,
    type: 'system',
    system: {
      body: 'Ani Wijaya has a new security code',
      wa_id: ANI.phone,
      type: 'customer_identity_changed',
    },
    identity: { acknowledged: false, created_timestamp: 1_780_000_000_000, hash: 'DF2lS5v2W6y=' },
  },
  'request welcome': { ...ani, type: 'request_welcome' },
  'text that will be edited': {
    ...ani,
    type: 'text',
    content: 'Dua gelaz',
    edited_at: new Date(SECONDS * 1_000).toISOString(),
    edited: { type: 'text', content: 'Dua gelas', context },
  },
  edit: {
    ...ani,
    type: 'edit',
    edit: {
      original_message_id: wamid('text that will be edited'),
      message: { context, type: 'text', text: { body: 'Dua gelas' } },
    },
  },
  'image that will be edited': {
    ...ani,
    ...media('image', '3310000000000011', { caption: 'Strok', mime_type: 'image/jpeg' }),
    edited_at: new Date(SECONDS * 1_000).toISOString(),
    edited: media('image', '3310000000000011', { caption: 'Struk', mime_type: 'image/jpeg' }),
  },
  'edit of a caption': {
    ...ani,
    type: 'edit',
    edit: {
      original_message_id: wamid('image that will be edited'),
      message: {
        type: 'image',
        image: {
          caption: 'Struk',
          mime_type: 'image/jpeg',
          sha256: SHA,
          id: '3310000000000011',
          url: expect.stringContaining('mid=3310000000000011'),
        },
      },
    },
  },
  'text that will be revoked': {
    ...ani,
    type: 'text',
    content: 'Salah kirim',
    revoked_at: new Date(SECONDS * 1_000).toISOString(),
  },
  revoke: {
    ...ani,
    type: 'revoke',
    revoke: { original_message_id: wamid('text that will be revoked') },
  },
  unsupported: { ...ani, ...unsupported('Message type is currently not supported.') },
  'unsupported, of a named type': {
    ...ani,
    ...unsupported('Message type is currently not supported.'),
    unsupported: { type: 'poll_creation' },
  },
  'text in a group': { ...ani, group_id: GROUP_ID, type: 'text', content: 'Halo semua' },
  'text of a user id in a group': { ...budi, group_id: GROUP_ID, type: 'text', content: 'Hadir' },
  'unsupported in a group': {
    ...ani,
    group_id: GROUP_ID,
    ...unsupported(
      'Message type is not currently supported in groups.',
      130501,
      'Message type is not currently supported',
    ),
  },
  'a type of tomorrow': {
    ...ani,
    type: 'hologram',
    hologram: { id: 'h-1', seconds: 4, layers: [{ depth: 0.5 }] },
  },
};
