// Customers' messages as Meta tells them, one of each variant; written from the contract, in our own words and values.
import type { JsonObject } from '../../../src/kernel/json.ts';
import { BUSINESS_PHONE } from '../../support/house.ts';
import { ANI, fromAni, fromAniAlone, fromBudi, fromJorg, GROUP_ID, SECONDS, wamid } from './golden-people.ts';

const SHA = 'qmJ1Yi0gc2hhMjU2IG9mIGEgZ29sZGVuIGZpbGUgLi4uMDA=';

function file(id: string, mimeType: string): JsonObject {
  const url = `https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=${id}&source=webhook&ext=${SECONDS + 300}&hash=ARgolden`;
  return { mime_type: mimeType, sha256: SHA, id, url };
}

const replied = { from: BUSINESS_PHONE, id: wamid('a message of ours') };

/** By name: the change's value. */
export const MESSAGES: Record<string, JsonObject> = {
  text: fromAni('text', { text: { body: 'Halo, apakah masih buka?' }, type: 'text' }),
  'text of a phone without a user id': fromJorg('text of a phone', {
    text: { body: 'Grüße aus Köln 👋🏽\nBis später' },
    type: 'text',
  }),
  'text of a user id without a phone': fromBudi('text of a user id', {
    text: { body: 'Nomor saya rahasia' },
    type: 'text',
  }),
  'text that looks like code': fromAni('text like code', {
    text: { body: `{"a":"<b>'\\"{{x}}</b>"} https://kopi.example/?q=1&r=2` },
    type: 'text',
  }),
  reply: fromAni('reply', { context: replied, text: { body: 'Yang ini' }, type: 'text' }),
  forwarded: fromAni('forwarded', {
    context: { forwarded: true },
    text: { body: 'Promo minggu ini!' },
    type: 'text',
  }),
  'frequently forwarded': fromAni('frequently forwarded', {
    context: { frequently_forwarded: true },
    type: 'image',
    image: file('3310000000000001', 'image/jpeg'),
  }),
  'product enquiry': fromAni('product enquiry', {
    context: {
      ...replied,
      referred_product: { catalog_id: '194836987003835', product_retailer_id: 'kopi-gayo-250' },
    },
    text: { body: 'Masih ada?' },
    type: 'text',
  }),
  'from an advertisement': fromAni('from an advertisement', {
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
    text: { body: 'Mau pesan' },
    type: 'text',
  }),
  'from a post with a video': fromAni('from a post', {
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
    text: { body: 'Video ini bagus' },
    type: 'text',
  }),
  'text with an identity': fromAni('text with an identity', {
    identity: { acknowledged: true, created_timestamp: 1_779_999_000_000, hash: 'DF2lS5v2W6x=' },
    text: { body: 'Ini saya' },
    type: 'text',
  }),
  image: fromAni('image', {
    type: 'image',
    image: { caption: 'Struk pembayaran', ...file('3310000000000002', 'image/jpeg') },
  }),
  'image without a caption': fromAni('image without a caption', {
    type: 'image',
    image: file('3310000000000003', 'image/png'),
  }),
  video: fromAni('video', {
    type: 'video',
    video: { caption: 'Lihat ini', ...file('3310000000000004', 'video/mp4') },
  }),
  audio: fromAni('audio', {
    type: 'audio',
    audio: { ...file('3310000000000005', 'audio/mpeg'), voice: false },
  }),
  voice: fromAni('voice', {
    type: 'audio',
    audio: { ...file('3310000000000006', 'audio/ogg; codecs=opus'), voice: true },
  }),
  document: fromAni('document', {
    type: 'document',
    document: {
      caption: 'Invoice bulan Mei',
      filename: 'invoice "Mei" 05/2026.pdf',
      ...file('3310000000000007', 'application/pdf'),
    },
  }),
  sticker: fromAni('sticker', {
    type: 'sticker',
    sticker: { ...file('3310000000000008', 'image/webp'), animated: false },
  }),
  'animated sticker': fromAni('animated sticker', {
    type: 'sticker',
    sticker: { ...file('3310000000000009', 'image/webp'), animated: true },
  }),
  'image of a user id': fromBudi('image of a user id', {
    type: 'image',
    image: file('3310000000000010', 'image/jpeg'),
  }),
  'dropped pin': fromAni('dropped pin', {
    location: { latitude: -6.1753871, longitude: 106.8249641 },
    type: 'location',
  }),
  location: fromAni('location', {
    location: {
      latitude: -7.7955798,
      longitude: 110.3694896,
      name: 'Tugu Jogja',
      address: 'Jl. Jend. Sudirman, Yogyakarta',
      url: 'https://tugu.example',
    },
    type: 'location',
  }),
  contacts: fromAni('contacts', {
    type: 'contacts',
    contacts: [
      {
        name: { formatted_name: 'Siti Rahma', first_name: 'Siti', last_name: 'Rahma' },
        phones: [{ phone: '+62 812-0000-0001', wa_id: '6281200000001', type: 'CELL' }],
        emails: [{ email: 'siti@kopi.example', type: 'WORK' }],
        org: { company: 'Kopi Senja' },
        vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Siti Rahma\nEND:VCARD',
      },
      { name: { formatted_name: 'Tanpa Telepon' } },
    ],
  }),
  'contacts that were asked for': fromBudi('contacts that were asked for', {
    type: 'contacts',
    origin: 'contact_request',
    contacts: [
      { name: { formatted_name: 'Budi' }, phones: [{ phone: '+62 813-0000-0002', wa_id: '6281300000002' }] },
    ],
  }),
  reaction: fromAni('reaction', {
    type: 'reaction',
    reaction: { message_id: wamid('a message of ours'), emoji: '❤️' },
  }),
  'reaction removed': fromAni('reaction removed', {
    type: 'reaction',
    reaction: { message_id: wamid('a message of ours') },
  }),
  'reaction removed, as before': fromJorg('reaction removed, as before', {
    type: 'reaction',
    reaction: { message_id: wamid('a message of ours'), emoji: '' },
  }),
  button: fromAni('button', {
    context: replied,
    type: 'button',
    button: { payload: 'PESANAN-OK', text: 'Ya, benar' },
  }),
  'button of a code': fromAni('button of a code', {
    context: replied,
    from_logical_id: '1047293847561029',
    type: 'button',
    button: { payload: 'DID_NOT_REQUEST_CODE', text: "I didn't request a code" },
  }),
  'button reply': fromAni('button reply', {
    context: replied,
    type: 'interactive',
    interactive: { type: 'button_reply', button_reply: { id: 'bayar-di-tempat', title: 'Bayar di tempat' } },
  }),
  'button reply without context': fromAni('button reply without context', {
    type: 'interactive',
    interactive: { type: 'button_reply', button_reply: { id: 'batal', title: 'Batal' } },
  }),
  'list reply': fromAni('list reply', {
    context: replied,
    type: 'interactive',
    interactive: {
      type: 'list_reply',
      list_reply: { id: 'gayo', title: 'Kopi Gayo', description: '250 g, biji' },
    },
  }),
  'flow reply': fromAni('flow reply', {
    context: replied,
    type: 'interactive',
    interactive: {
      type: 'nfm_reply',
      nfm_reply: {
        name: 'flow',
        body: 'Sent',
        response_json: '{"flow_token":"senja-1","jumlah":2,"catatan":"tanpa gula \\u2615"}',
      },
    },
  }),
  'address reply': fromAni('address reply', {
    context: replied,
    type: 'interactive',
    interactive: {
      type: 'nfm_reply',
      nfm_reply: {
        name: 'address_message',
        body: 'Jl. Senja 1, Yogyakarta',
        response_json: '{"values":{"city":"Yogyakarta","address":"Jl. Senja 1"}}',
      },
    },
  }),
  'call permitted': fromAni('call permitted', {
    context: replied,
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: {
        response: 'accept',
        is_permanent: false,
        expiration_timestamp: SECONDS + 604_800,
        response_source: 'user_action',
      },
    },
  }),
  'call refused': fromAni('call refused', {
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: { response: 'reject', response_source: 'automatic' },
    },
  }),
  'interactive that Meta could not tell': {
    ...fromAni('broken interactive', { type: 'interactive' }),
    errors: [
      {
        code: 131000,
        title: 'Something went wrong',
        message: 'Something went wrong',
        error_data: { details: 'Unsupported webhook payload' },
      },
    ],
  },
  order: fromAni('order', {
    type: 'order',
    order: {
      catalog_id: '194836987003835',
      text: 'Tolong cepat',
      product_items: [
        { product_retailer_id: 'kopi-gayo-250', quantity: 2, item_price: 85_000, currency: 'IDR' },
        { product_retailer_id: 'saringan', quantity: 1, item_price: 12_500.5, currency: 'IDR' },
      ],
    },
  }),
  'system: changed number': fromAniAlone('changed number', {
    system: {
      body: 'Ani Wijaya changed from 628111222333 to 628111222334',
      wa_id: '628111222334',
      user_id: ANI.userId,
      type: 'user_changed_number',
    },
    type: 'system',
  }),
  'system: changed user id': fromAniAlone('changed user id', {
    system: {
      body: 'User Ani Wijaya changed the user id',
      previous_user_id: ANI.userId,
      user_id: 'ID.1047293847561030',
      type: 'user_changed_user_id',
    },
    type: 'system',
  }),
  'system: changed identity': fromAniAlone('changed identity', {
    identity: { acknowledged: false, created_timestamp: 1_780_000_000_000, hash: 'DF2lS5v2W6y=' },
    system: {
      body: 'Ani Wijaya has a new security code',
      wa_id: ANI.phone,
      type: 'customer_identity_changed',
    },
    type: 'system',
  }),
  'request welcome': fromAni('request welcome', { type: 'request_welcome' }),
  'text that will be edited': fromAni('text that will be edited', {
    text: { body: 'Dua gelaz' },
    type: 'text',
  }),
  edit: fromAni('edit', {
    type: 'edit',
    edit: {
      original_message_id: wamid('text that will be edited'),
      message: { context: replied, type: 'text', text: { body: 'Dua gelas' } },
    },
  }),
  'image that will be edited': fromAni('image that will be edited', {
    type: 'image',
    image: { caption: 'Strok', ...file('3310000000000011', 'image/jpeg') },
  }),
  'edit of a caption': fromAni('edit of a caption', {
    type: 'edit',
    edit: {
      original_message_id: wamid('image that will be edited'),
      message: { type: 'image', image: { caption: 'Struk', ...file('3310000000000011', 'image/jpeg') } },
    },
  }),
  'text that will be revoked': fromAni('text that will be revoked', {
    text: { body: 'Salah kirim' },
    type: 'text',
  }),
  revoke: fromAni('revoke', {
    type: 'revoke',
    revoke: { original_message_id: wamid('text that will be revoked') },
  }),
  unsupported: fromAni('unsupported', {
    errors: [
      {
        code: 131051,
        title: 'Message type unknown',
        message: 'Message type unknown',
        error_data: { details: 'Message type is currently not supported.' },
      },
    ],
    type: 'unsupported',
  }),
  'unsupported, of a named type': fromAni('unsupported, of a named type', {
    errors: [
      {
        code: 131051,
        title: 'Message type unknown',
        message: 'Message type unknown',
        error_data: { details: 'Message type is currently not supported.' },
      },
    ],
    type: 'unsupported',
    unsupported: { type: 'poll_creation' },
  }),
  'text in a group': fromAni('text in a group', {
    group_id: GROUP_ID,
    text: { body: 'Halo semua' },
    type: 'text',
  }),
  'text of a user id in a group': fromBudi('text of a user id in a group', {
    group_id: GROUP_ID,
    text: { body: 'Hadir' },
    type: 'text',
  }),
  'unsupported in a group': fromAni('unsupported in a group', {
    group_id: GROUP_ID,
    errors: [
      {
        code: 130_501,
        title: 'Message type is not currently supported',
        message: 'Message type is not currently supported',
        error_data: { details: 'Message type is not currently supported in groups.' },
      },
    ],
    type: 'unsupported',
  }),
  'a type of tomorrow': fromAni('a type of tomorrow', {
    type: 'hologram',
    hologram: { id: 'h-1', seconds: 4, layers: [{ depth: 0.5 }] },
    mood: 'calm',
  }),
};
