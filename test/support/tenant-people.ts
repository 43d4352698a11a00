// What a stranger asks about another organisation's conversations, contacts and labels: nothing is found, and nothing is changed.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';

import { expectKirimError, expectStatus } from './expect-reply.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, type House, type Reply } from './house.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Case = () => Promise<void>;

export interface Stranger {
  house: House;
  asStranger: (route: `${Method} ${string}`, body?: unknown) => Promise<Reply>;
  /** The owner's, with this customer. */
  conversationId: string;
  customer: string;
  strangerNumberId: string;
  expectNotFound: (reply: Reply, param?: string) => void;
  expectEmptyList: (reply: Reply) => void;
}

export function peopleCases(the: () => Stranger): Record<string, Case> {
  let label: Promise<string> | undefined;
  const ownersLabelId = (): Promise<string> => (label ??= madeLabel());

  async function madeLabel(): Promise<string> {
    const made = await the().house.request('POST', '/v1/labels', { name: OWNERS_LABEL });
    expectStatus(made, 201);
    return made.body.data.id;
  }

  async function ownersConversation(): Promise<object> {
    const shown = await the().house.request('GET', `/v1/conversations/${the().conversationId}`);
    expectStatus(shown, 200);
    return shown.body.data;
  }

  function ownersContactId(): string {
    return the().conversationId.replace('cnv', 'ctc');
  }

  async function ownersContact(): Promise<object> {
    const shown = await the().house.request('GET', `/v1/contacts/${ownersContactId()}`);
    expectStatus(shown, 200);
    return shown.body.data;
  }

  async function strangersLabel(): Promise<string> {
    const made = await the().asStranger('POST /v1/labels', { name: randomUUID() });
    expectStatus(made, 201);
    return made.body.data.id;
  }

  // The owner's contact, by the path of any number and by those of the owner's and of the stranger's own.
  function contactCases(method: Method, path: string, body?: object): Record<string, () => Promise<void>> {
    return casesOf({ method, path, body, id: ownersContactId }, async () => {
      expect(await ownersContact()).toMatchObject({ name: null, labels: [] });
    });
  }

  function conversationLabelCases(
    method: Method,
    path: string,
    body?: object,
  ): Record<string, () => Promise<void>> {
    return casesOf({ method, path, body, id: () => the().conversationId }, async () => {
      expect(await ownersConversation()).toMatchObject({ labels: [] });
    });
  }

  function casesOf(
    about: { method: Method; path: string; body: object | undefined; id: () => string },
    unharmed: () => Promise<void>,
  ): Record<string, () => Promise<void>> {
    const { method, path } = about;
    const ask = async (prefix: string): Promise<Reply> => {
      const labelId = path.includes('labels') ? await strangersLabel() : '';
      const body = about.body && 'label_id' in about.body ? { label_id: labelId } : about.body;
      const asked = path.replace(':id', about.id()).replace(':label_id', labelId);
      return the().asStranger(`${method} ${prefix}${asked}`, body);
    };
    return {
      async [`kirim ${method} /v1/:phone_number_id${path}`]() {
        the().expectNotFound(await ask(`/v1/${PHONE_NUMBER_ID}`), 'phone_number_id');
        the().expectNotFound(await ask(`/v1/${the().strangerNumberId}`));
        await unharmed();
      },
      async [`kirim ${method} /v1${path}`]() {
        the().expectNotFound(await ask('/v1'));
        await unharmed();
      },
    };
  }

  return {
    async 'kirim GET /v1/:phone_number_id/conversations'() {
      the().expectNotFound(
        await the().asStranger(`GET /v1/${PHONE_NUMBER_ID}/conversations`),
        'phone_number_id',
      );
      const contactId = the().conversationId.replace('cnv', 'ctc');
      the().expectEmptyList(
        await the().asStranger(`GET /v1/${the().strangerNumberId}/conversations?contact_id=${contactId}`),
      );
    },
    async 'kirim GET /v1/conversations'() {
      const fresh = await the().house.addOrganisation('Baru lagi');
      const key = { authorization: `Bearer ${fresh.apiKey}` };
      for (const query of ['', '?assigned_to=none', `?label_id=${await ownersLabelId()}`])
        the().expectEmptyList(await the().house.request('GET', `/v1/conversations${query}`, undefined, key));
      the().expectEmptyList(
        await the().house.request(
          'GET',
          `/v1/messages?conversation_id=${the().conversationId}`,
          undefined,
          key,
        ),
      );
      const { body } = await the().house.request('GET', '/v1/conversations?limit=1');
      if (body['next_cursor'] === null) return;
      const foreign = `/v1/conversations?limit=1&cursor=${body['next_cursor']}`;
      expectKirimError(await the().house.request('GET', foreign, undefined, key), 'invalid_cursor', 'cursor');
    },
    async 'kirim GET /v1/:phone_number_id/conversations/:id'() {
      const foreign = await the().asStranger(
        `GET /v1/${PHONE_NUMBER_ID}/conversations/${the().conversationId}`,
      );
      the().expectNotFound(foreign, 'phone_number_id');
      the().expectNotFound(
        await the().asStranger(`GET /v1/${the().strangerNumberId}/conversations/${the().conversationId}`),
      );
    },
    async 'kirim GET /v1/conversations/:id'() {
      await ownersConversation();
      the().expectNotFound(await the().asStranger(`GET /v1/conversations/${the().conversationId}`));
    },
    async 'kirim PATCH /v1/:phone_number_id/conversations/:id'() {
      const close = { status: 'resolved', assigned_to: 'usr_stranger' };
      const foreign = `PATCH /v1/${PHONE_NUMBER_ID}/conversations/${the().conversationId}` as const;
      the().expectNotFound(await the().asStranger(foreign, close), 'phone_number_id');
      const own = `PATCH /v1/${the().strangerNumberId}/conversations/${the().conversationId}` as const;
      the().expectNotFound(await the().asStranger(own, close));
      expect(await ownersConversation()).toMatchObject({ status: 'open', assignee: null });
    },
    async 'kirim PATCH /v1/conversations/:id'() {
      const close = { status: 'resolved', assigned_to: 'usr_stranger' };
      the().expectNotFound(await the().asStranger(`PATCH /v1/conversations/${the().conversationId}`, close));
      expect(await ownersConversation()).toMatchObject({ status: 'open', assignee: null });
    },
    ...contactCases('GET', '/contacts/:id'),
    ...contactCases('PATCH', '/contacts/:id', { name: 'Milik kami' }),
    ...contactCases('DELETE', '/contacts/:id'),
    ...contactCases('POST', '/contacts/:id/labels', { label_id: 'of the stranger' }),
    ...contactCases('DELETE', '/contacts/:id/labels/:label_id'),
    ...conversationLabelCases('POST', '/conversations/:id/labels', { label_id: 'of the stranger' }),
    ...conversationLabelCases('DELETE', '/conversations/:id/labels/:label_id'),
    async 'kirim GET /v1/:phone_number_id/contacts'() {
      the().expectNotFound(await the().asStranger(`GET /v1/${PHONE_NUMBER_ID}/contacts`), 'phone_number_id');
      the().expectEmptyList(
        await the().asStranger(`GET /v1/${the().strangerNumberId}/contacts?phone=${the().customer}`),
      );
    },
    async 'kirim GET /v1/contacts'() {
      await ownersContact();
      const fresh = await the().house.addOrganisation('Baru sekali');
      const key = { authorization: `Bearer ${fresh.apiKey}` };
      for (const query of [
        '',
        `?phone=${the().customer}`,
        '?search=2025550',
        `?label_id=${await ownersLabelId()}`,
      ])
        the().expectEmptyList(await the().house.request('GET', `/v1/contacts${query}`, undefined, key));
    },
    async 'kirim POST /v1/:phone_number_id/contacts'() {
      const contact = { phone_number: '+12025550190' };
      the().expectNotFound(
        await the().asStranger(`POST /v1/${PHONE_NUMBER_ID}/contacts`, contact),
        'phone_number_id',
      );
    },
    async 'kirim POST /v1/contacts'() {
      const contact = { phone_number: '+12025550190', from: `+${BUSINESS_PHONE}` };
      the().expectNotFound(await the().asStranger('POST /v1/contacts', contact), 'from');
      const { status, body } = await the().asStranger('POST /v1/contacts', { phone_number: '+12025550190' });
      expect([status, body.data.phone_number_id]).toEqual([201, the().strangerNumberId]);
    },
    async 'kirim POST /v1/:phone_number_id/contacts/bulk_label'() {
      const ids = { contact_ids: [ownersContactId()], operation: 'attach', label_id: await strangersLabel() };
      const foreign = await the().asStranger(`POST /v1/${PHONE_NUMBER_ID}/contacts/bulk_label`, ids);
      the().expectNotFound(foreign, 'phone_number_id');
      const own = await the().asStranger(`POST /v1/${the().strangerNumberId}/contacts/bulk_label`, ids);
      expect(own.body.data).toEqual({ applied: 0, skipped_cross_org: 1, skipped_team_mismatch: 0 });
      expect(await ownersContact()).toMatchObject({ labels: [] });
    },
    async 'kirim POST /v1/contacts/bulk_label'() {
      const ids = { contact_ids: [ownersContactId()], operation: 'attach' };
      const foreign = { ...ids, label_id: await ownersLabelId() };
      the().expectNotFound(await the().asStranger('POST /v1/contacts/bulk_label', foreign), 'label_id');
      const own = await the().asStranger('POST /v1/contacts/bulk_label', {
        ...ids,
        label_id: await strangersLabel(),
      });
      expect(own.body.data).toEqual({ applied: 0, skipped_cross_org: 1, skipped_team_mismatch: 0 });
      expect(await ownersContact()).toMatchObject({ labels: [] });
    },
    async 'kirim GET /v1/labels'() {
      const fresh = await the().house.addOrganisation('Tanpa label');
      the().expectEmptyList(
        await the().house.request('GET', '/v1/labels', undefined, {
          authorization: `Bearer ${fresh.apiKey}`,
        }),
      );
    },
    async 'kirim POST /v1/labels'() {
      // The owner's name for a label is no name of the stranger's.
      const own = await the().asStranger('POST /v1/labels', { name: OWNERS_LABEL });
      expectStatus(own, 201);
      const foreign = await the().asStranger('POST /v1/labels', {
        name: 'x',
        team_id: the().house.organisationId,
      });
      expectKirimError(foreign, 'invalid_field_value', 'team_id');
    },
    async 'kirim GET /v1/labels/:id'() {
      the().expectNotFound(await the().asStranger(`GET /v1/labels/${await ownersLabelId()}`));
    },
    async 'kirim PATCH /v1/labels/:id'() {
      the().expectNotFound(
        await the().asStranger(`PATCH /v1/labels/${await ownersLabelId()}`, { name: 'Milik kami' }),
      );
    },
    async 'kirim DELETE /v1/labels/:id'() {
      the().expectNotFound(await the().asStranger(`DELETE /v1/labels/${await ownersLabelId()}`));
      expectStatus(await the().house.request('GET', `/v1/labels/${await ownersLabelId()}`), 200);
    },
  };
}

const OWNERS_LABEL = 'Pelanggan lama';
