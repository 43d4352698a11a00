// The text parameters of a template's header or body against its variables.
import { parts, word } from '../json-parts.ts';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import type { Template } from '../fact.ts';

import { length } from '../kinds/shape.ts';
import { refusal } from './graph-error.ts';

export interface TextComponent {
  where: 'header' | 'body';
  /** The approved text, with its variables. */
  text: string;
  sent: JsonObject | undefined;
}

const HYDRATED_MAX = { header: 60, body: 1024 };
const FORMATTED = new Set(['text', 'currency', 'date_time']);

/** The names of the variables in a text: `1`, `2`, or words. */
export function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ''))];
}

export function checkTexts(template: Template, { where, text, sent }: TextComponent): void {
  const variables = variablesOf(text);
  const parameters = sent ? parts(sent, 'parameters') : [];
  if (parameters.length !== variables.length) {
    throw refusal(
      132000,
      `${where}: number of localizable_params (${parameters.length}) does not match the expected number of params (${variables.length})`,
    );
  }
  for (const parameter of parameters) checkParameter(where, parameter);
  if (template.parameter_format === 'NAMED') checkNames(where, parameters, variables);
  const hydrated = hydrate(text, parameters);
  if (length(hydrated) > HYDRATED_MAX[where]) throw refusal(132005, `${where}: hydrated text too long`);
}

/** The text with its variables filled in. */
export function hydrate(text: string, parameters: readonly JsonObject[]): string {
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => {
    const parameter =
      parameters.find((one) => one['parameter_name'] === name) ?? parameters[Number(name) - 1];
    return parameter ? shown(parameter) : whole;
  });
}

function shown(parameter: JsonObject): string {
  const formatted = parameter[word(parameter['type']).toLowerCase()];
  return isObject(formatted) ? word(formatted['fallback_value']) : word(parameter['text']);
}

function checkParameter(where: string, parameter: JsonObject): void {
  const type = word(parameter['type']).toLowerCase();
  if (!FORMATTED.has(type) || (where === 'header' && type !== 'text')) {
    throw refusal(132012, `${where}: Format mismatch, expected TEXT, received ${type.toUpperCase()}`);
  }
  const value = parameter[type];
  if (value === undefined)
    throw refusal(100, `Parameter '${type}' is mandatory for component parameter type '${type}'`);
  if (type !== 'text') return;
  if (value === '') throw refusal(131008, 'Parameter of type text is missing text value');
  if (/[\n\r\t]| {5,}/.test(word(value))) {
    throw refusal(132018, 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces');
  }
}

function checkNames(where: string, parameters: readonly JsonObject[], variables: readonly string[]): void {
  for (const parameter of parameters) {
    const name = parameter['parameter_name'];
    if (typeof name !== 'string' || name === '') throw refusal(100, 'Parameter name is missing or empty');
    if (!variables.includes(name))
      throw refusal(100, `${where}: Parameter name ${name} does not exist in the template`);
  }
}
