// Templates of a WABA: list, one, create (approved by the control API or at once), delete.
import { word } from '../json-parts.ts';
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts';
import type { Template } from '../fact.ts';
import { digits } from '../ids.ts';
import { array, anyObject, object, oneOf, required, string } from '../kinds/shape.ts';
import { record, type Simulation } from '../simulation.ts';
import { templateKey, type Waba } from '../world.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { pickFields, splitFields, type Node } from './fields.ts';
import { GraphError, schemaFault } from './graph-error.ts';
import { pageOf } from './paging.ts';

const DEFAULT_FIELDS = ['name', 'parameter_format', 'components', 'language', 'status', 'category', 'id'];
const NODE_TYPE = 'WhatsAppMessageTemplate';
const NOT_FOUND_SUBCODE = 2_593_002;

export function listTemplates(sim: Simulation, waba: Waba, call: GraphCall): Answer {
  const { query } = call;
  const found = [...sim.world.templates.values()].filter(
    (one) => one.wabaId === waba.id && matches(one, query),
  );
  return { status: 200, json: pageOf(call, found, (template) => render(template, query)) };
}

export function getTemplate(_sim: Simulation, template: Template, call: GraphCall): Answer {
  return { status: 200, json: render(template, call.query) };
}

const CREATE = object({
  name: required(string(512, 1)),
  language: required(string(20, 1)),
  category: required(oneOf('marketing', 'utility', 'authentication')),
  components: required(array(anyObject)),
  parameter_format: oneOf('positional', 'named'),
  allow_category_change: (): void => undefined,
  message_send_ttl_seconds: (): void => undefined,
});

export function createTemplate(sim: Simulation, waba: Waba, fields: JsonObject): Answer {
  CREATE(fields, 'template', []);
  const name = word(fields['name']);
  const language = word(fields['language']);
  if (!/^[a-z0-9_]+$/.test(name))
    throw schemaFault('Param name must only contain lowercase letters, numbers and underscores.');
  if (sim.world.templates.has(templateKey(waba.id, name, language))) {
    const title = 'Content in This Language Already Exists';
    const message = `There is already ${language} content for this template. You can create a new template and try again.`;
    throw new GraphError({
      message: 'Invalid parameter',
      code: 100,
      subcode: 2_388_024,
      user: { title, message },
    });
  }
  const template: Template = {
    name,
    language,
    status: 'PENDING',
    category: categoryOf(fields['category']),
    parameter_format: word(fields['parameter_format']).toUpperCase() === 'NAMED' ? 'NAMED' : 'POSITIONAL',
    components: componentsOf(fields['components']),
    id: digits(16, sim.random),
    wabaId: waba.id,
  };
  record(sim, { fact: 'template', at: sim.clock.now(), template });
  return { status: 200, json: { id: template.id, status: template.status, category: template.category } };
}

export function deleteTemplate(sim: Simulation, waba: Waba, call: GraphCall): Answer {
  const name = call.query.get('name');
  const id = call.query.get('hsm_id');
  if (name === null) throw schemaFault('The parameter name is required.');
  const found = [...sim.world.templates.values()].some(
    (one) => one.wabaId === waba.id && one.name === name && (id === null || one.id === id),
  );
  if (!found) {
    const message = `No message template named ${name} was found in this account.`;
    const user = { title: 'Message Template Not Found', message };
    throw new GraphError({ message: 'Invalid parameter', code: 100, subcode: NOT_FOUND_SUBCODE, user });
  }
  record(sim, {
    fact: 'templateDeleted',
    at: sim.clock.now(),
    wabaId: waba.id,
    name,
    ...(id === null ? {} : { id }),
  });
  return { status: 200, json: { success: true } };
}

function matches(template: Template, query: URLSearchParams): boolean {
  const name = query.get('name');
  const anywhere = query.get('name_or_content');
  const text = JSON.stringify(template.components);
  return (
    (name === null || template.name.includes(name)) &&
    (anywhere === null || template.name.includes(anywhere) || text.includes(anywhere)) &&
    isAmong(query.get('status'), template.status) &&
    isAmong(query.get('category'), template.category) &&
    isAmong(query.get('language'), template.language)
  );
}

// One value, a list by commas, or a JSON list.
function isAmong(asked: string | null, value: string): boolean {
  if (asked === null || asked === '') return true;
  return splitFields(asked.replaceAll(/["[\]]/g, '')).some(
    (one) => one.toUpperCase() === value.toUpperCase(),
  );
}

function render(template: Template, query: URLSearchParams): JsonObject {
  const node: Node = {
    name: () => template.name,
    parameter_format: () => template.parameter_format,
    components: () => template.components,
    language: () => template.language,
    status: () => template.status,
    category: () => template.category,
    id: () => template.id,
    rejected_reason: () => template.rejectedReason ?? 'NONE',
    quality_score: () => ({ score: template.status === 'PAUSED' ? 'RED' : 'UNKNOWN', date: 1_760_000_000 }),
    previous_category: () => undefined,
    sub_category: () => undefined,
    correct_category: () => undefined,
    library_template_name: () => undefined,
    message_send_ttl_seconds: () => undefined,
    last_updated_time: () => '2026-01-15T08:00:00+0000',
  };
  return pickFields(node, query, { defaults: DEFAULT_FIELDS, nodeType: NODE_TYPE });
}

function categoryOf(value: Json | undefined): Template['category'] {
  const upper = word(value).toUpperCase();
  return upper === 'MARKETING' || upper === 'AUTHENTICATION' ? upper : 'UTILITY';
}

function componentsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
