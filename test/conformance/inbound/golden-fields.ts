// Everything else that Meta's webhooks tell: the other fields, those about a number and those about a WABA; written from the contract.
import type { JsonObject } from '../../../src/kernel/json.ts';
import { BUSINESS_PHONE, WABA_ID } from '../../support/house.ts';
import { ANI, around, BUDI, GROUP_ID, SECONDS } from './golden-people.ts';

/** By name: the field, and the change's value. */
export type Told = readonly [field: string, value: JsonObject];

const TEMPLATE: JsonObject = {
  message_template_id: 1_002_003_004_005_006,
  message_template_name: 'pesanan_siap',
  message_template_language: 'id',
};

const status = (event: string, rest: JsonObject = {}): Told => [
  'message_template_status_update',
  { event, ...TEMPLATE, reason: 'NONE', message_template_category: 'UTILITY', ...rest },
];

export const TEMPLATES: Record<string, Told> = {
  'template approved': status('APPROVED'),
  'template pending': status('PENDING'),
  'template rejected': status('REJECTED', {
    reason: 'INVALID_FORMAT',
    rejection_info: { reason: 'Variables stand side by side', recommendation: 'Put words between them' },
  }),
  'template paused': status('PAUSED', {
    other_info: { title: 'FIRST_PAUSE', description: 'Low quality: paused for three hours' },
  }),
  'template disabled': status('DISABLED', { disable_info: { disable_date: SECONDS } }),
  'template deleted': status('DELETED'),
  'template of tomorrow': status('HIBERNATED', { reason: 'WINTER' }),
  'template quality': [
    'message_template_quality_update',
    { previous_quality_score: 'GREEN', new_quality_score: 'YELLOW', ...TEMPLATE },
  ],
  'template components': [
    'message_template_components_update',
    {
      ...TEMPLATE,
      message_template_element: 'Pesanan {{1}} siap diambil.',
      message_template_title: 'Siap',
      message_template_footer: 'Kopi Senja',
      message_template_buttons: [
        {
          message_template_button_type: 'URL',
          message_template_button_text: 'Lacak',
          message_template_button_url: 'https://kopi.example/{{1}}',
        },
      ],
    },
  ],
  'template category, announced': [
    'template_category_update',
    {
      ...TEMPLATE,
      correct_category: 'MARKETING',
      new_category: 'UTILITY',
      category_update_timestamp: SECONDS + 86_400,
    },
  ],
  'template category, changed': [
    'template_category_update',
    { ...TEMPLATE, previous_category: 'UTILITY', new_category: 'MARKETING' },
  ],
};

const account = (event: string, rest: JsonObject = {}): Told => ['account_update', { event, ...rest }];
const waba = { waba_id: WABA_ID, owner_business_id: '2729063490586005' };

export const ACCOUNT: Record<string, Told> = {
  'account violation': account('ACCOUNT_VIOLATION', { violation_info: { violation_type: 'SPAM' } }),
  'account restricted': account('ACCOUNT_RESTRICTION', {
    restriction_info: [
      { restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', expiration: SECONDS + 604_800 },
    ],
  }),
  'account disabled': account('DISABLED_UPDATE', {
    ban_info: { waba_ban_state: 'DISABLE', waba_ban_date: 'May 28, 2026' },
  }),
  'account reinstated': account('DISABLED_UPDATE', { ban_info: { waba_ban_state: 'REINSTATE' } }),
  'account verified': account('VERIFIED_ACCOUNT'),
  'account deleted': account('ACCOUNT_DELETED'),
  'account offboarded': account('ACCOUNT_OFFBOARDED'),
  'account reconnected': account('ACCOUNT_RECONNECTED'),
  'account country': account('BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE', { country: 'ID' }),
  'account price tier': account('VOLUME_BASED_PRICING_TIER_UPDATE', {
    volume_tier_info: {
      tier_update_time: SECONDS,
      pricing_category: 'UTILITY',
      tier: '25000:50000',
      effective_month: '2026-06',
      region: 'Indonesia',
    },
  }),
  'partner added': account('PARTNER_ADDED', { waba_info: waba }),
  'partner removed': account('PARTNER_REMOVED', {
    waba_info: waba,
    disconnection_info: { reason: 'USER_DISCONNECTED' },
  }),
  'partner app installed': account('PARTNER_APP_INSTALLED', {
    waba_info: { ...waba, partner_app_id: '670843887433847' },
  }),
  'account reviewed': ['account_review_update', { decision: 'APPROVED' }],
  'account alert': [
    'account_alerts',
    {
      entity_type: 'BUSINESS',
      entity_id: '2729063490586005',
      alert_info: {
        alert_severity: 'CRITICAL',
        alert_status: 'ACTIVE',
        alert_type: 'INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED',
        alert_description: 'More proof of the business is needed.',
      },
    },
  ],
  'business capability': [
    'business_capability_update',
    { max_daily_conversations_per_business: 'TIER_10K', max_phone_numbers_per_business: 20 },
  ],
  'partner solution': [
    'partner_solutions',
    { event: 'SOLUTION_CREATED', solution_id: '774485461512159', solution_status: 'INITIATED' },
  ],
  'payment configuration': [
    'payment_configuration_update',
    { configuration_name: 'upi', provider_name: 'razorpay', provider_mid: 'acc_1', status: 'Active' },
  ],
  'a field of tomorrow': ['weather_update', { city: 'Yogyakarta', rain: true }],
};

const display_phone_number = BUSINESS_PHONE;

export const NUMBERS: Record<string, Told> = {
  'number onboarded': [
    'phone_number_quality_update',
    {
      display_phone_number,
      event: 'ONBOARDING',
      current_limit: 'TIER_250',
      max_daily_conversations_per_business: 'TIER_250',
    },
  ],
  'number throughput': [
    'phone_number_quality_update',
    {
      display_phone_number,
      event: 'THROUGHPUT_UPGRADE',
      old_limit: 'TIER_10K',
      current_limit: 'TIER_UNLIMITED',
      max_daily_conversations_per_business: 'TIER_UNLIMITED',
    },
  ],
  'number flagged': [
    'phone_number_quality_update',
    { display_phone_number, event: 'FLAGGED', current_limit: 'TIER_1K' },
  ],
  'number name approved': [
    'phone_number_name_update',
    {
      display_phone_number,
      decision: 'APPROVED',
      requested_verified_name: 'Kopi Senja Jogja',
      rejection_reason: null,
    },
  ],
  'number name rejected': [
    'phone_number_name_update',
    {
      display_phone_number,
      decision: 'REJECTED',
      requested_verified_name: 'KOPI!!!',
      rejection_reason: 'NAME_EMPLOYEE_ISSUE',
    },
  ],
  'number username': [
    'business_username_update',
    { display_phone_number, username: 'kopisenja', status: 'approved' },
  ],
  'number PIN changed': [
    'security',
    { display_phone_number, event: 'PIN_CHANGED', requester: '61550000001' },
  ],
  'flow status': [
    'flows',
    {
      event: 'FLOW_STATUS_CHANGE',
      message: 'Flow Pesan changed status from DRAFT to PUBLISHED',
      flow_id: '6627390910605886',
      old_status: 'DRAFT',
      new_status: 'PUBLISHED',
    },
  ],
};

const error = (code: number, title: string, details: string): JsonObject => ({
  code,
  title,
  message: title,
  error_data: { details },
});

/** With metadata, like messages, but of other fields. */
export const BESIDE_MESSAGES: Record<string, Told> = {
  'user preference: stop': [
    'user_preferences',
    around({
      contacts: [{ profile: { name: ANI.name }, wa_id: ANI.phone, user_id: ANI.userId }],
      user_preferences: [
        {
          wa_id: ANI.phone,
          user_id: ANI.userId,
          detail: 'User asked for no more marketing messages',
          category: 'marketing_messages',
          value: 'stop',
          timestamp: SECONDS,
        },
      ],
    }),
  ],
  'user preference: resume, of a user id': [
    'user_preferences',
    around({
      contacts: [{ profile: { name: BUDI.name, username: 'budi.santoso' }, user_id: BUDI.userId }],
      user_preferences: [
        {
          user_id: BUDI.userId,
          detail: 'User takes marketing messages again',
          category: 'marketing_messages',
          value: 'resume',
          timestamp: SECONDS,
        },
      ],
    }),
  ],
  'call connects': [
    'calls',
    around({
      contacts: [{ profile: { name: ANI.name }, wa_id: ANI.phone }],
      calls: [
        {
          id: 'wacid.Z29sZGVuIGNhbGw=',
          to: BUSINESS_PHONE,
          from: ANI.phone,
          event: 'connect',
          direction: 'USER_INITIATED',
          timestamp: String(SECONDS),
          session: { sdp_type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' },
        },
      ],
    }),
  ],
  'call ends': [
    'calls',
    around({
      calls: [
        {
          id: 'wacid.Z29sZGVuIGNhbGw=',
          to: BUSINESS_PHONE,
          from: ANI.phone,
          event: 'terminate',
          direction: 'USER_INITIATED',
          timestamp: String(SECONDS + 60),
          status: 'COMPLETED',
          start_time: String(SECONDS),
          end_time: String(SECONDS + 60),
          duration: 60,
        },
      ],
    }),
  ],
  'call rings': [
    'calls',
    around({
      statuses: [
        {
          id: 'wacid.Z29sZGVuIGNhbGwgMg==',
          type: 'call',
          status: 'RINGING',
          recipient_id: ANI.phone,
          timestamp: String(SECONDS),
        },
      ],
    }),
  ],
  'group created': [
    'group_lifecycle_update',
    around({
      groups: [
        {
          timestamp: String(SECONDS),
          group_id: GROUP_ID,
          type: 'group_create',
          request_id: 'req-golden-1',
          subject: 'Pelanggan setia',
          description: 'Kabar kopi',
          invite_link: 'https://chat.whatsapp.com/golden',
          join_approval_mode: 'auto_approve',
        },
      ],
    }),
  ],
  'group joined': [
    'group_participants_update',
    around({
      groups: [
        {
          timestamp: String(SECONDS),
          group_id: GROUP_ID,
          type: 'group_participants_add',
          reason: 'invite_link',
          added_participants: [{ wa_id: ANI.phone, user_id: ANI.userId }],
        },
      ],
    }),
  ],
  'group settings': [
    'group_settings_update',
    around({
      groups: [
        {
          timestamp: String(SECONDS),
          group_id: GROUP_ID,
          type: 'group_settings_update',
          request_id: 'req-golden-2',
          group_subject: { text: 'Pelanggan', update_successful: true },
          group_description: {
            text: 'Kabar',
            update_successful: false,
            errors: [error(131000, 'Something went wrong', 'Try again')],
          },
        },
      ],
    }),
  ],
  'group suspended': [
    'group_status_update',
    around({ groups: [{ timestamp: String(SECONDS), group_id: GROUP_ID, type: 'group_suspend' }] }),
  ],
  standby: [
    'standby',
    around({
      standby: {
        messages: [
          {
            from: ANI.phone,
            id: 'wamid.c3RhbmRieQ==',
            timestamp: String(SECONDS),
            text: { body: 'Untuk agen lain' },
            type: 'text',
          },
        ],
      },
    }),
  ],
  'handed over': ['messaging_handovers', around({ control_passed: { metadata: 'to the agent' } })],
  'automatic event': [
    'automatic_events',
    around({
      automatic_events: [{ id: 'evt-1', event_name: 'LeadSubmitted', timestamp: SECONDS, ctwa_clid: 'AR1' }],
    }),
  ],
  'an account-level error': [
    'messages',
    around({
      errors: [error(130429, 'Rate limit hit', 'Message failed to send because there were too many.')],
    }),
  ],
  'a payment': [
    'messages',
    around({
      statuses: [
        {
          id: 'wamid.cGF5bWVudA==',
          from: ANI.phone,
          type: 'payment',
          status: 'captured',
          timestamp: String(SECONDS),
          payment: { reference_id: 'golden-1', amount: { value: 8_500_000, offset: 100 }, currency: 'IDR' },
        },
      ],
    }),
  ],
};
