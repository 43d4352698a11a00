// What customers send, as the very bytes of Meta's webhooks: each message written by hand from the contract, with its key order
// and escapes.
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import type { Sending } from '../control/phones.ts';
import { CONTACTS, envelope, FROM, startInboundHouse } from '../testing/inbound-house.ts';

const HEAD = `${FROM},"id":"wamid.ME","timestamp":"1795161600"`;
const QUOTED = '"context":{"from":"628511760008029","id":"wamid.YOURS"}';

// The bytes "teh", and their sum.
const TEH = 'dGVo';
const MEDIUM = String.raw`"sha256":"V6SZSGoBuMWi+HbongAKC4MUPkK2N+dnXsj6LMIR3Pw=","id":"MEDIA","url":"URL"`;

function around(message: string): string {
  return envelope(`${CONTACTS}"messages":[${message}]`);
}

const referral: JsonObject = {
  headline: 'Kopi',
  source_url: 'https://fb.me/3c',
  source_id: '120',
  source_type: 'ad',
  media_type: 'image',
  image_url: 'https://cdn/x',
  ctwa_clid: 'Aff-n8',
};

const VARIANTS: [string, Sending, string][] = [
  ['text', { type: 'text', text: 'Halo' }, `{${HEAD},"text":{"body":"Halo"},"type":"text"}`],
  [
    'text beyond ASCII',
    { type: 'text', text: { body: 'a/b @c é 👋 "q"' } },
    String.raw`{${HEAD},"text":{"body":"a\/b \u0040c \u00e9 \ud83d\udc4b \"q\""},"type":"text"}`,
  ],
  [
    'image',
    { type: 'image', image: { caption: 'Ini', mime_type: 'image/jpeg', data: 'aGFsbzE=' } },
    String.raw`{${HEAD},"type":"image","image":{"caption":"Ini","mime_type":"image\/jpeg","sha256":"0e54VJoRP1kuFKxXqJuovmdaLj59XIq3ipj\/OnI\/rCA=","id":"MEDIA","url":"URL"}}`,
  ],
  [
    'video',
    { type: 'video', video: { data: TEH } },
    String.raw`{${HEAD},"type":"video","video":{"mime_type":"video\/mp4",${MEDIUM}}}`,
  ],
  [
    'voice message',
    { type: 'audio', audio: { data: TEH } },
    String.raw`{${HEAD},"type":"audio","audio":{"mime_type":"audio\/ogg; codecs=opus",${MEDIUM},"voice":true}}`,
  ],
  [
    'audio file',
    { type: 'audio', audio: { data: TEH, mime_type: 'audio/mpeg', voice: false } },
    String.raw`{${HEAD},"type":"audio","audio":{"mime_type":"audio\/mpeg",${MEDIUM},"voice":false}}`,
  ],
  [
    'document',
    { type: 'document', document: { filename: 'nota é.pdf', caption: 'Nota', data: TEH } },
    String.raw`{${HEAD},"type":"document","document":{"caption":"Nota","filename":"nota \u00e9.pdf","mime_type":"application\/pdf",${MEDIUM}}}`,
  ],
  [
    'sticker',
    { type: 'sticker', sticker: { data: TEH, animated: true } },
    String.raw`{${HEAD},"type":"sticker","sticker":{"mime_type":"image\/webp",${MEDIUM},"animated":true}}`,
  ],
  [
    'dropped pin',
    { type: 'location', location: { longitude: 106.8, latitude: -6.2 } },
    `{${HEAD},"location":{"latitude":-6.2,"longitude":106.8},"type":"location"}`,
  ],
  [
    'place',
    {
      type: 'location',
      location: { latitude: -6.2, longitude: 106.8, address: 'Jl. 1', name: 'Monas', url: 'https://m' },
    },
    String.raw`{${HEAD},"location":{"latitude":-6.2,"longitude":106.8,"name":"Monas","address":"Jl. 1","url":"https:\/\/m"},"type":"location"}`,
  ],
  [
    'contacts',
    {
      type: 'contacts',
      contacts: [{ name: { formatted_name: 'Budi' }, phones: [{ phone: '+62 811' }], vcard: 'BEGIN:VCARD' }],
      origin: 'contact_request',
    },
    `{${HEAD},"type":"contacts","contacts":[{"name":{"formatted_name":"Budi"},"phones":[{"phone":"+62 811"}],"vcard":"BEGIN:VCARD"}],"origin":"contact_request"}`,
  ],
  [
    'reaction',
    { type: 'reaction', reaction: { emoji: '👍', message_id: 'wamid.YOURS' } },
    String.raw`{${HEAD},"type":"reaction","reaction":{"message_id":"wamid.YOURS","emoji":"\ud83d\udc4d"}}`,
  ],
  [
    'reaction taken back',
    { type: 'reaction', reaction: { message_id: 'wamid.YOURS' } },
    `{${HEAD},"type":"reaction","reaction":{"message_id":"wamid.YOURS"}}`,
  ],
  [
    'reaction taken back, as of old',
    { type: 'reaction', reaction: { message_id: 'wamid.YOURS', emoji: '' } },
    `{${HEAD},"type":"reaction","reaction":{"message_id":"wamid.YOURS","emoji":""}}`,
  ],
  [
    'quick reply of a template',
    { type: 'button', button: { text: 'Ya', payload: 'YES' }, reply_to: 'wamid.YOURS' },
    `{${QUOTED},${HEAD},"type":"button","button":{"payload":"YES","text":"Ya"}}`,
  ],
  [
    'a code nobody asked for',
    {
      type: 'button',
      button: { text: "I didn't request a code", payload: 'DID_NOT_REQUEST_CODE' },
      from_logical_id: '2F',
    },
    `{${HEAD},"type":"button","button":{"payload":"DID_NOT_REQUEST_CODE","text":"I didn't request a code"},"from_logical_id":"2F"}`,
  ],
  [
    'button_reply',
    { type: 'button_reply', button_reply: { title: 'Ya', id: 'y' }, reply_to: 'wamid.YOURS' },
    `{${QUOTED},${HEAD},"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"y","title":"Ya"}}}`,
  ],
  [
    'list_reply, asked for as Meta writes it',
    {
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { id: 'r', title: 'Kopi', description: 'Panas' } },
    },
    `{${HEAD},"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"r","title":"Kopi","description":"Panas"}}}`,
  ],
  [
    'nfm_reply of a flow',
    { type: 'nfm_reply', nfm_reply: { response_json: { flow_token: 't', a: 'x/y' } } },
    String.raw`{${HEAD},"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent","response_json":"{\"flow_token\":\"t\",\"a\":\"x\/y\"}"}}}`,
  ],
  [
    'nfm_reply of an address',
    { type: 'nfm_reply', nfm_reply: { name: 'address_message', body: 'Jl. 1', response_json: '{}' } },
    `{${HEAD},"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"address_message","body":"Jl. 1","response_json":"{}"}}}`,
  ],
  [
    'call_permission_reply',
    {
      type: 'call_permission_reply',
      call_permission_reply: {
        response: 'accept',
        is_permanent: false,
        expiration_timestamp: 1_795_766_400,
        response_source: 'automatic',
      },
    },
    `{${HEAD},"type":"interactive","interactive":{"type":"call_permission_reply","call_permission_reply":{"response":"accept","is_permanent":false,"expiration_timestamp":1795766400,"response_source":"automatic"}}}`,
  ],
  [
    'order',
    {
      type: 'order',
      order: {
        text: 'Cepat ya',
        catalog_id: '194',
        product_items: [{ quantity: 2, product_retailer_id: 'di9', currency: 'IDR', item_price: 25_000.5 }],
      },
    },
    `{${HEAD},"type":"order","order":{"catalog_id":"194","text":"Cepat ya","product_items":[{"product_retailer_id":"di9","quantity":2,"item_price":25000.5,"currency":"IDR"}]}}`,
  ],
  ['request_welcome', { type: 'request_welcome' }, `{${HEAD},"type":"request_welcome"}`],
  [
    'edit',
    {
      type: 'edit',
      edit: { original_message_id: 'wamid.OLD', message: { type: 'text', text: { body: 'Baru' } } },
    },
    `{${HEAD},"type":"edit","edit":{"original_message_id":"wamid.OLD","message":{"type":"text","text":{"body":"Baru"}}}}`,
  ],
  [
    'edit of a caption',
    {
      type: 'edit',
      edit: {
        original_message_id: 'wamid.OLD',
        message: { type: 'image', image: { caption: 'Baru', data: TEH } },
        context: { from: '628511760008029', id: 'wamid.YOURS' },
      },
    },
    String.raw`{${HEAD},"type":"edit","edit":{"original_message_id":"wamid.OLD","message":{${QUOTED},"type":"image","image":{"caption":"Baru","mime_type":"image\/png",${MEDIUM}}}}}`,
  ],
  [
    'revoke',
    { type: 'revoke', revoke: { original_message_id: 'wamid.OLD' } },
    `{${HEAD},"type":"revoke","revoke":{"original_message_id":"wamid.OLD"}}`,
  ],
  [
    'unsupported',
    { type: 'unsupported', unsupported: { type: 'poll' } },
    `{${HEAD},"errors":[{"code":131051,"title":"Message type unknown","message":"Message type unknown","error_data":{"details":"Message type is currently not supported."}}],"type":"unsupported","unsupported":{"type":"poll"}}`,
  ],
  [
    'a text of a group',
    { type: 'text', text: 'Halo', group: 'Y2FwaV9ncm91cA' },
    `{${FROM},"group_id":"Y2FwaV9ncm91cA","id":"wamid.ME","timestamp":"1795161600","text":{"body":"Halo"},"type":"text"}`,
  ],
  [
    'unsupported in a group',
    { type: 'unsupported', group: 'Y2FwaV9ncm91cA' },
    `{${FROM},"group_id":"Y2FwaV9ncm91cA","id":"wamid.ME","timestamp":"1795161600","errors":[{"code":130501,"title":"Unsupported message type","message":"Message type is currently not supported","error_data":{"details":"Message type is currently not supported."}}],"type":"unsupported"}`,
  ],
  [
    'errors of a message',
    {
      type: 'document',
      document: { data: TEH, filename: 'a.zip', mime_type: 'application/zip' },
      errors: [{ code: 131_052, title: 'Media download error' }],
    },
    String.raw`{${HEAD},"errors":[{"code":131052,"title":"Media download error"}],"type":"document","document":{"filename":"a.zip","mime_type":"application\/zip",${MEDIUM}}}`,
  ],
  [
    'a reply',
    { type: 'text', text: 'Ya', reply_to: 'wamid.YOURS' },
    `{${QUOTED},${HEAD},"text":{"body":"Ya"},"type":"text"}`,
  ],
  [
    'forwarded',
    { type: 'text', text: 'Ya', context: { forwarded: true } },
    `{"context":{"forwarded":true},${HEAD},"text":{"body":"Ya"},"type":"text"}`,
  ],
  [
    'frequently forwarded',
    { type: 'text', text: 'Ya', context: { frequently_forwarded: true } },
    `{"context":{"frequently_forwarded":true},${HEAD},"text":{"body":"Ya"},"type":"text"}`,
  ],
  [
    'a question about a product',
    {
      type: 'text',
      text: 'Ada?',
      context: { id: 'wamid.P', referred_product: { catalog_id: '194', product_retailer_id: 'di9' } },
    },
    `{"context":{"from":"628511760008029","id":"wamid.P","referred_product":{"catalog_id":"194","product_retailer_id":"di9"}},${HEAD},"text":{"body":"Ada?"},"type":"text"}`,
  ],
  [
    'an ad that was tapped',
    { type: 'text', text: 'Halo', referral: { ...referral, welcome_message: { text: 'Hai' } } },
    String.raw`{"referral":{"source_url":"https:\/\/fb.me\/3c","source_id":"120","source_type":"ad","headline":"Kopi","media_type":"image","image_url":"https:\/\/cdn\/x","ctwa_clid":"Aff-n8","welcome_message":{"text":"Hai"}},${HEAD},"text":{"body":"Halo"},"type":"text"}`,
  ],
  [
    'written earlier',
    { type: 'text', text: 'Halo', at: '2026-11-20T07:59:00Z' },
    `{${FROM},"id":"wamid.ME","timestamp":"1795161540","text":{"body":"Halo"},"type":"text"}`,
  ],
];

test.each(VARIANTS)('%s', async (_name, asked, message) => {
  await using house = await startInboundHouse();
  expect(await house.bytesOf(asked)).toBe(around(message));
});

const SYSTEM: [string, Sending, string][] = [
  [
    'user_changed_number',
    { type: 'system', system: { type: 'user_changed_number', wa_id: '628999999999', body: 'Moved' } },
    `{${HEAD},"system":{"body":"Moved","wa_id":"628999999999","type":"user_changed_number"},"type":"system"}`,
  ],
  [
    'user_changed_user_id',
    { type: 'system', system: { type: 'user_changed_user_id', user_id: 'ID.2', body: 'New id' } },
    `{${HEAD},"system":{"body":"New id","previous_user_id":"ID.1111111111111111","user_id":"ID.2","type":"user_changed_user_id"},"type":"system"}`,
  ],
  [
    'customer_identity_changed',
    {
      type: 'system',
      system: { type: 'customer_identity_changed', body: 'New device' },
      identity: { hash: 'abc' },
    },
    `{${HEAD},"system":{"body":"New device","type":"customer_identity_changed"},"type":"system","identity":{"acknowledged":true,"created_timestamp":"1795161600","hash":"abc"}}`,
  ],
];

test.each(SYSTEM)('%s: no contacts', async (_name, asked, message) => {
  await using house = await startInboundHouse();
  expect(await house.bytesOf(asked)).toBe(envelope(`"messages":[${message}]`));
});

test('a broken interactive message has its error beside it', async () => {
  await using house = await startInboundHouse();
  expect(await house.bytesOf({ type: 'broken_interactive' })).toBe(
    envelope(
      `${CONTACTS}"messages":[{${HEAD},"type":"interactive"}],"errors":[{"code":131000,"title":"Something went wrong","message":"Something went wrong","error_data":{"details":"Unsupported webhook payload"}}]`,
    ),
  );
});
