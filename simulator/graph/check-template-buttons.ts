// The button parameters of a template message against the approved buttons.
import { parts, word } from '../json-parts.ts';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';

import { length } from '../kinds/shape.ts';
import { refusal } from './graph-error.ts';
import { variablesOf } from './check-template-texts.ts';

interface ButtonRule {
  subType: string;
  /** The parameter's `type`, and the key that carries its value. */
  parameter: string;
  needed: (button: JsonObject) => boolean;
  max?: number;
}

const CODE_MAX = 15;
const COUPON_MAX = 20;

const always = (): boolean => true;
const never = (): boolean => false;

// By the type of the approved button. Sent one-time passwords go as `url`, as Meta has it.
const RULES: { readonly [type: string]: ButtonRule } = {
  URL: {
    subType: 'url',
    parameter: 'text',
    needed: (button) => variablesOf(word(button['url'])).length > 0,
  },
  OTP: { subType: 'url', parameter: 'text', needed: always, max: CODE_MAX },
  COPY_CODE: { subType: 'copy_code', parameter: 'coupon_code', needed: always, max: COUPON_MAX },
  QUICK_REPLY: { subType: 'quick_reply', parameter: 'payload', needed: never },
  CATALOG: { subType: 'catalog', parameter: 'action', needed: never },
  MPM: { subType: 'mpm', parameter: 'action', needed: always },
  FLOW: { subType: 'flow', parameter: 'action', needed: never },
  ORDER_DETAILS: { subType: 'order_details', parameter: 'action', needed: always },
  VOICE_CALL: { subType: 'voice_call', parameter: 'ttl_minutes', needed: never },
};

export function checkButtons(approved: readonly JsonObject[], sent: readonly JsonObject[]): void {
  for (const [index, button] of approved.entries()) {
    const rule = RULES[word(button['type'])];
    const given = sent.find((one) => Number(one['index']) === index);
    if (rule?.needed(button) && !hasValue(given, rule)) {
      throw refusal(
        131008,
        `buttons: Button at index ${index} of type ${shownType(rule)} requires a parameter`,
      );
    }
  }
  for (const one of sent) checkSent(approved, one);
}

function checkSent(approved: readonly JsonObject[], sent: JsonObject): void {
  const index = Number(sent['index']);
  const button = approved[index];
  const rule = RULES[word(button?.['type'])];
  if (!button || !rule)
    throw refusal(132018, `buttons: There is no button with parameters at index ${index}`);
  const subType = word(sent['sub_type']).toLowerCase();
  if (subType !== rule.subType && !(button['type'] === 'OTP' && subType === 'copy_code')) {
    throw refusal(132018, `buttons: Button at index ${index} is of type ${shownType(rule)}, not ${subType}`);
  }
  if (button['type'] === 'URL' && !rule.needed(button) && parts(sent, 'parameters').length > 0) {
    throw refusal(132018, `buttons: Button at index ${index} of type Url does not require parameters`);
  }
  const value = valueOf(sent, rule);
  if (rule.max !== undefined && typeof value === 'string' && length(value) > rule.max) {
    throw refusal(
      131009,
      `buttons: Parameter of button at index ${index} is too long. Max length is ${rule.max}`,
    );
  }
}

function hasValue(sent: JsonObject | undefined, rule: ButtonRule): boolean {
  const value = sent && valueOf(sent, rule);
  return isObject(value) || typeof value === 'number' || (typeof value === 'string' && value !== '');
}

// A copied code is sent as `coupon_code`, but for a one-time password as `text`.
function valueOf(sent: JsonObject, rule: ButtonRule): unknown {
  const [parameter] = parts(sent, 'parameters');
  return parameter?.[rule.parameter] ?? (rule.parameter === 'text' ? parameter?.['coupon_code'] : undefined);
}

function shownType(rule: ButtonRule): string {
  return rule.subType
    .split('_')
    .map((one) => one.charAt(0).toUpperCase() + one.slice(1))
    .join('');
}
