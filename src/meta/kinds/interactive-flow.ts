// A button that opens a Flow. A draft can be sent to try it out; sent as published, Meta refuses it.
import { Type } from 'typebox';
import { fault, missing } from './fault.ts';
import { anyHeader, body, footer, headerFaults, headerMedia, interactive } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

const screen = exactly({
  screen: characters(1, Infinity, 'The first screen.'),
  data: Type.Optional(Type.Object({}, { description: 'What the first screen is given.' })),
});

const parameters = exactly({
  flow_message_version: Type.Literal('3'),
  flow_id: Type.Optional(characters(1, Infinity, 'The Flow. Exactly one of flow_id and flow_name.')),
  flow_name: Type.Optional(characters(1, Infinity, 'The Flow, by its name.')),
  flow_cta: characters(1, 30, 'The button’s label.'),
  mode: Type.Optional(Type.Union([Type.Literal('published'), Type.Literal('draft')])),
  flow_token: Type.Optional(characters(1, Infinity, 'Comes back with the answers.')),
  flow_action: Type.Optional(Type.Union([Type.Literal('navigate'), Type.Literal('data_exchange')])),
  flow_action_payload: Type.Optional(screen),
});

export const interactiveFlow = defineKind({
  type: 'interactive',
  schema: interactive('flow', {
    header: Type.Optional(anyHeader),
    body,
    footer: Type.Optional(footer),
    action: exactly({ name: Type.Literal('flow'), parameters }),
  }),
  *faults({ header, action }, fields) {
    yield* headerFaults(header, 'interactive.header', fields);
    const { flow_id: id, flow_name: name } = action.parameters;
    const path = 'interactive.action.parameters';
    if (id === undefined && name === undefined)
      yield missing(path, 'needs one of flow_id and flow_name, found neither');
    if (id !== undefined && name !== undefined)
      yield fault(path, 'must have exactly one of flow_id and flow_name, found both');
  },
  mediaIn: ({ header }) => headerMedia(header, 'interactive.header'),
  preview: (content) => `${content.body.text} [${content.action.parameters.flow_cta}]`,
  example: {
    type: 'flow',
    header: { type: 'text', text: 'Book a visit' },
    body: { text: 'Choose a day and an hour.' },
    footer: { text: 'Takes a minute' },
    action: {
      name: 'flow',
      parameters: {
        flow_message_version: '3',
        flow_token: 'visit-4711',
        flow_id: '1123581321345589',
        flow_cta: 'Choose a time',
        mode: 'published',
        flow_action: 'navigate',
        flow_action_payload: { screen: 'CALENDAR', data: { branch: 'jakarta' } },
      },
    },
  },
});
