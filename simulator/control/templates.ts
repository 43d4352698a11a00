// Templates as Meta's reviewers handle them: put there, approved, rejected, paused. The business is told by webhook.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import type { Template } from '../fact.ts';
import { digits } from '../ids.ts';
import { record, type Simulation } from '../simulation.ts';
import { tell } from '../tell.ts';
import { templateStatusUpdate } from '../updates.ts';
import { templateKey } from '../world.ts';

const status = Type.Union([
  Type.Literal('APPROVED'),
  Type.Literal('PENDING'),
  Type.Literal('REJECTED'),
  Type.Literal('PAUSED'),
  Type.Literal('DISABLED'),
]);

export const TemplateAsked = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9_]{1,512}$' }),
    language: Type.String({ minLength: 2, maxLength: 20 }),
    category: Type.Union([
      Type.Literal('MARKETING'),
      Type.Literal('UTILITY'),
      Type.Literal('AUTHENTICATION'),
    ]),
    status: Type.Optional(status),
    parameter_format: Type.Optional(Type.Union([Type.Literal('POSITIONAL'), Type.Literal('NAMED')])),
    components: Type.Array(Type.Record(Type.String(), Type.Any())),
    waba_id: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type TemplateAsked = Static<typeof TemplateAsked>;

export const Review = Type.Object(
  { status, reason: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
export type Review = Static<typeof Review>;

export interface TemplateView extends Omit<Template, 'wabaId' | 'rejectedReason'> {
  waba_id: string;
  rejected_reason?: string;
}

export function listTemplates(sim: Simulation): TemplateView[] {
  return [...sim.world.templates.values()].map(viewOf);
}

/** A template that is there at once, in the place of one of the same name and language. */
export function putTemplate(sim: Simulation, asked: TemplateAsked): TemplateView {
  const wabaId = asked.waba_id ?? sim.settings.wabaId;
  const earlier = sim.world.templates.get(templateKey(wabaId, asked.name, asked.language));
  const template: Template = {
    name: asked.name,
    language: asked.language,
    category: asked.category,
    status: asked.status ?? 'APPROVED',
    parameter_format: asked.parameter_format ?? 'POSITIONAL',
    components: asked.components,
    id: earlier?.id ?? digits(16, sim.random),
    wabaId,
  };
  record(sim, { fact: 'template', at: sim.clock.now(), template });
  return viewOf(template);
}

/** What Meta decided about a template; its id or its name. */
export function reviewTemplate(
  sim: Simulation,
  which: string,
  { status: decided, reason }: Review,
): TemplateView {
  const found = [...sim.world.templates.values()].find((one) => one.id === which || one.name === which);
  if (!found) throw new ControlRefusal('not_found', `There is no template ${which}.`);
  const template: Template = {
    ...found,
    status: decided,
    ...(reason === undefined ? {} : { rejectedReason: reason }),
  };
  record(sim, { fact: 'template', at: sim.clock.now(), template });
  const update = templateStatusUpdate(sim, template, reason ?? 'NONE');
  if (update) tell(sim, update, { number: '', to: '', type: 'template', status: decided.toLowerCase() });
  return viewOf(template);
}

function viewOf({ wabaId, rejectedReason, ...template }: Template): TemplateView {
  return {
    ...template,
    waba_id: wabaId,
    ...(rejectedReason === undefined ? {} : { rejected_reason: rejectedReason }),
  };
}
