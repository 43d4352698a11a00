// The kirim dialect: /v1/{phone_number_id}/…, and the older flat /v1/messages.
import type { Dialect } from '../dialect.ts';
import { deleteContact } from './delete-contact.ts';
import { deleteMessage } from './delete-message.ts';
import { kirimUnknownPath, renderKirimError } from './errors.ts';
import { getContact } from './get-contact.ts';
import { getConversation, getFlatConversation } from './get-conversation.ts';
import { fetchWebhooks, reportWebhooks } from './fetch-webhooks.ts';
import { getMe } from './get-me.ts';
import { getFlatMessage, getMessage } from './get-message.ts';
import { getFlatMessageMedia, getMessageMedia } from './get-message-media.ts';
import { labelEndpoints } from './labels.ts';
import { listAccounts } from './list-accounts.ts';
import { listContacts } from './list-contacts.ts';
import { listAllConversations, listConversations } from './list-conversations.ts';
import { listAllMessages, listMessages } from './list-messages.ts';
import { patchContact } from './patch-contact.ts';
import { patchConversation, patchFlatConversation } from './patch-conversation.ts';
import { postContact } from './post-contact.ts';
import { postFlatMessage } from './post-flat-message.ts';
import { postMedia } from './post-media.ts';
import { postMessage } from './post-message.ts';
import {
  getWebhookDelivery,
  listWebhookDeliveries,
  replayWebhookDeliveries,
  replayWebhookDelivery,
} from './webhook-deliveries.ts';
import { createWebhookSecret, deleteWebhookSecret } from './webhook-secrets.ts';
import {
  changeWebhookSubscription,
  createWebhookSubscription,
  deleteWebhookSubscription,
  getWebhookSubscription,
  listWebhookSubscriptions,
  testWebhookSubscription,
} from './webhook-subscriptions.ts';
import { putLabelEndpoints } from './put-labels.ts';

export const kirim: Dialect = {
  name: 'kirim',
  prefix: '/v1',
  endpoints: [
    getMe,
    listAccounts,
    postMessage,
    listMessages,
    getMessage,
    getMessageMedia,
    postMedia,
    deleteMessage,
    postFlatMessage,
    listAllMessages,
    getFlatMessage,
    listConversations,
    listAllConversations,
    getConversation,
    getFlatConversation,
    patchConversation,
    patchFlatConversation,
    getFlatMessageMedia,
    createWebhookSubscription,
    listWebhookSubscriptions,
    getWebhookSubscription,
    changeWebhookSubscription,
    deleteWebhookSubscription,
    createWebhookSecret,
    deleteWebhookSecret,
    testWebhookSubscription,
    listWebhookDeliveries,
    getWebhookDelivery,
    replayWebhookDelivery,
    replayWebhookDeliveries,
    fetchWebhooks,
    reportWebhooks,
    ...listContacts,
    ...postContact,
    ...getContact,
    ...patchContact,
    ...deleteContact,
    ...labelEndpoints,
    ...putLabelEndpoints,
  ],
  credentials: (headers) => ({ authorization: headers.authorization }),
  renderError: renderKirimError,
  unknownPath: kirimUnknownPath,
};
