// GET, POST /v1/labels and GET, PATCH, DELETE /v1/labels/{id}.
import { Type } from 'typebox';

import { LABEL_COLORS, type Label } from '../../conversations/conversation.ts';
import {
  changeLabel,
  createLabel,
  readLabel,
  readLabelPage,
  removeLabel,
} from '../../conversations/labels.ts';
import { labelResource } from '../../conversations/resources.ts';
import type { Answer, Call, Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { limitOf, pageAnswer, refused, requireKnownParameters } from './list-query.ts';

const NAME = Type.String({ minLength: 1, maxLength: 50 });
const COLOR = Type.Union(LABEL_COLORS.map((color) => Type.Literal(color)));

const NEW_LABEL = Type.Object(
  {
    team_id: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    name: NAME,
    color: Type.Optional(COLOR),
  },
  { additionalProperties: false },
);
const CHANGE = Type.Object(
  { name: Type.Optional(NAME), color: Type.Optional(COLOR) },
  { additionalProperties: false, minProperties: 1 },
);

const listLabels: Endpoint = {
  method: 'GET',
  path: '/labels',
  summary: 'List labels by name.',
  budget: 'mount',
  async handle(call) {
    requireKnownParameters(call, []);
    const { organisationId } = call.caller;
    const page = { limit: limitOf(call), cursor: call.query['cursor'] };
    const { labels, nextCursor } = await readLabelPage(call.rooms.ctx, organisationId, page);
    const data = labels.map((label) => labelResource(label, organisationId));
    return pageAnswer(call, data, nextCursor);
  },
};

const postLabel: Endpoint = {
  method: 'POST',
  path: '/labels',
  summary: 'Make a label.',
  budget: 'mount',
  async handle(call) {
    const { name, color = 'gray', team_id: teamId } = readBody(call, NEW_LABEL);
    const { organisationId } = call.caller;
    if (teamId !== undefined && teamId !== organisationId)
      throw refused('team_id', 'team_id must be the id of your organisation, or left out.');
    const label = await createLabel(call.rooms.ctx, organisationId, { name, color });
    return answer(call, label, 201);
  },
};

const getLabel: Endpoint = {
  method: 'GET',
  path: '/labels/:id',
  summary: 'Show one label.',
  budget: 'mount',
  handle: async (call) =>
    answer(call, await readLabel(call.rooms.ctx, call.caller.organisationId, idOf(call))),
};

const patchLabel: Endpoint = {
  method: 'PATCH',
  path: '/labels/:id',
  summary: 'Change the name or the color of a label.',
  budget: 'mount',
  async handle(call) {
    const { name, color } = readBody(call, CHANGE);
    const change = { id: idOf(call), name, color };
    return answer(call, await changeLabel(call.rooms.ctx, call.caller.organisationId, change));
  },
};

const deleteLabel: Endpoint = {
  method: 'DELETE',
  path: '/labels/:id',
  summary: 'Delete a label; it goes from whatever it is on.',
  budget: 'mount',
  async handle(call) {
    const id = idOf(call);
    await removeLabel(call.rooms.ctx, call.caller.organisationId, id);
    return {
      status: 200,
      body: { data: { id, object: 'label', deleted: true }, request_id: call.requestId },
    };
  },
};

export const labelEndpoints = [listLabels, postLabel, getLabel, patchLabel, deleteLabel];

function idOf(call: Call): string {
  return call.params['id'] ?? '';
}

function answer(call: Call, label: Label, status = 200): Answer {
  const data = labelResource(label, call.caller.organisationId);
  return { status, body: { data, request_id: call.requestId } };
}
