// The control API over HTTP: each path is one verb of control.ts. JSON in, JSON out, errors with a code, a sentence and what
// helps.
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { Type, type Static, type TSchema } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import { FIELDS } from '../fields.ts';
import { MAGIC_NUMBERS } from '../magic-numbers.ts';
import type { Simulation } from '../simulation.ts';
import { BatchAsked } from './batches.ts';
import { StatisticsAsked } from './calls.ts';
import { Advance, ClockAsked } from './clock.ts';
import type { Control } from './control.ts';
import { FaultAsked, LatencyAsked } from './fault-schema.ts';
import { FieldAsked } from './fields.ts';
import { checkCaller } from './guard.ts';
import { MessageMatch } from './message-match.ts';
import { NumberAsked } from './numbers.ts';
import { asSending, NewPhone, Tap } from './phones.ts';
import { StatusAsked } from './statuses.ts';
import { Review, TemplateAsked } from './templates.ts';
import { CallbackAsked, WebhooksAsked } from './webhooks.ts';

// A medium of a hundred megabytes, in base64.
const MEDIUM_MAX_BYTES = 140_000_000;

const strict = { additionalProperties: false };
const Empty = Type.Object({}, strict);
const WaitBody = Type.Object(
  {
    match: MessageMatch,
    count: Type.Optional(Type.Integer({ minimum: 1 })),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 300_000 })),
  },
  strict,
);
const NoneBody = Type.Object(
  { match: MessageMatch, within_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 300_000 })) },
  strict,
);
const ReadBody = Type.Object({ message: Type.Optional(Type.String()) }, strict);
const ReactBody = Type.Object(
  { message: Type.Optional(Type.String()), emoji: Type.Optional(Type.String()) },
  strict,
);
const MessagesQuery = Type.Object(
  {
    ...MessageMatch.properties,
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}$' })),
  },
  strict,
);
const PageQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$' })),
  },
  strict,
);

interface Asked<Body extends TSchema, Query extends TSchema> {
  /** From the path. */
  id: string;
  body: Static<Body>;
  query: Static<Query>;
}

interface Route<Body extends TSchema, Query extends TSchema> {
  body?: Body;
  query?: Query;
  bodyLimit?: number;
  act: (asked: Asked<Body, Query>) => unknown;
}

export function controlRoutes(app: FastifyInstance, sim: Simulation, control: Control): void {
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async ({ headers }) => checkCaller(headers, sim.settings.controlHosts));
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { status, body } = explained(error);
    return reply.status(status).send(body);
  });
  route(app, 'GET /health', { act: () => ({ status: 'ok', ...control.clock() }) });
  app.get('/ready', async (_request, reply) => {
    const status = sim.awaitsCallback ? 'waiting for the callback to answer' : 'ready';
    return reply.status(sim.awaitsCallback ? 503 : 200).send({ status, ...control.webhooks() });
  });
  route(app, 'POST /reset', { act: () => done(control.reset()) });
  route(app, 'GET /journal', {
    query: PageQuery,
    act: ({ query }) => ({ data: control.journal(Number(query.after ?? 0), Number(query.limit ?? 100)) }),
  });
  route(app, 'GET /calls', {
    query: PageQuery,
    act: ({ query }) => ({ data: control.calls(Number(query.after ?? 0), Number(query.limit ?? 1000)) }),
  });
  route(app, 'GET /statistics', {
    query: StatisticsAsked,
    act: ({ query }) => ({ data: control.statistics(query) }),
  });
  messageRoutes(app, control);
  phoneRoutes(app, control);
  faultRoutes(app, control);
  worldRoutes(app, control);
  app.all('/*', () => {
    throw new ControlRefusal('not_found', 'The control API has no such path; see simulator/README.md.');
  });
}

function messageRoutes(app: FastifyInstance, control: Control): void {
  route(app, 'GET /messages', {
    query: MessagesQuery,
    act: ({ query: { after, limit: asked, ...match } }) => {
      const limit = asked === undefined ? undefined : Number(asked);
      if (after === undefined) return { data: control.messages(match, limit) };
      return control.messagesAfter(match, { after: Number(after), limit });
    },
  });
  route(app, 'POST /messages/wait', {
    body: WaitBody,
    act: async ({ body }) => ({ data: await control.wait(body) }),
  });
  route(app, 'POST /messages/none', {
    body: NoneBody,
    act: async ({ body }) => done(await control.none(body)),
  });
  route(app, 'POST /statuses', { body: StatusAsked, act: ({ body }) => control.pushStatus(body) });
}

function phoneRoutes(app: FastifyInstance, control: Control): void {
  route(app, 'GET /phones', { act: () => ({ data: control.phones() }) });
  route(app, 'POST /phones', { body: NewPhone, act: ({ body }) => control.createPhone(body) });
  route(app, 'GET /phones/:id', { act: ({ id }) => control.phone(id) });
  route(app, 'POST /phones/:id/send', {
    body: Type.Any(),
    bodyLimit: MEDIUM_MAX_BYTES,
    act: ({ id, body }) => control.send(id, asSending(body)),
  });
  route(app, 'POST /phones/:id/tap', { body: Tap, act: ({ id, body }) => control.tap(id, body) });
  route(app, 'POST /phones/:id/read', {
    body: ReadBody,
    act: ({ id, body }) => ({ data: control.read(id, body) }),
  });
  route(app, 'POST /phones/:id/react', {
    body: ReactBody,
    act: ({ id, body }) => control.react(id, body),
  });
  // Businesses are not told that a customer types.
  route(app, 'POST /phones/:id/typing', { act: ({ id }) => control.phone(id) });
  route(app, 'POST /phones/:id/online', { act: ({ id }) => control.setOnline(id, true) });
  route(app, 'POST /phones/:id/offline', { act: ({ id }) => control.setOnline(id, false) });
  route(app, 'POST /phones/:id/block', { act: ({ id }) => control.setBlocked(id, true) });
  route(app, 'POST /phones/:id/unblock', { act: ({ id }) => control.setBlocked(id, false) });
  route(app, 'POST /phones/:id/opt-out', { act: ({ id }) => control.setOptedOut(id, true) });
  route(app, 'POST /phones/:id/opt-in', { act: ({ id }) => control.setOptedOut(id, false) });
  const magic = MAGIC_NUMBERS.map(({ phone, does }) => ({ phone: `+${phone}`, does }));
  route(app, 'GET /magic-numbers', { act: () => ({ data: magic }) });
}

function faultRoutes(app: FastifyInstance, control: Control): void {
  route(app, 'GET /faults', { act: () => ({ data: control.faults() }) });
  route(app, 'POST /faults', { body: FaultAsked, act: ({ body }) => control.putFault(body) });
  route(app, 'DELETE /faults', { act: () => done(control.clearFaults()) });
  route(app, 'PUT /faults/:id', { body: FaultAsked, act: ({ id, body }) => control.putFault(body, id) });
  route(app, 'GET /faults/:id', { act: ({ id }) => control.fault(id) });
  route(app, 'DELETE /faults/:id', { act: ({ id }) => done(control.deleteFault(id)) });
  route(app, 'GET /latency', { act: () => control.latency() });
  route(app, 'PUT /latency', { body: LatencyAsked, act: ({ body }) => control.setLatency(body) });
}

function worldRoutes(app: FastifyInstance, control: Control): void {
  route(app, 'GET /clock', { act: () => control.clock() });
  route(app, 'PUT /clock', { body: ClockAsked, act: ({ body }) => control.setClock(body) });
  route(app, 'POST /clock/advance', { body: Advance, act: ({ body }) => control.advance(body) });
  route(app, 'GET /numbers', { act: () => ({ data: control.numbers() }) });
  route(app, 'PUT /numbers/:id', {
    body: NumberAsked,
    act: ({ id, body }) => control.putNumber(id, body),
  });
  route(app, 'GET /templates', { act: () => ({ data: control.templates() }) });
  route(app, 'PUT /templates', { body: TemplateAsked, act: ({ body }) => control.putTemplate(body) });
  route(app, 'POST /templates/:id/review', {
    body: Review,
    act: ({ id, body }) => control.reviewTemplate(id, body),
  });
  route(app, 'GET /fields', { act: () => ({ data: FIELDS }) });
  route(app, 'POST /fields', { body: FieldAsked, act: ({ body }) => control.tellField(body) });
  route(app, 'POST /batches', { body: BatchAsked, act: ({ body }) => control.batch(body) });
  route(app, 'GET /webhooks', { act: () => control.webhooks() });
  route(app, 'PUT /webhooks', { body: WebhooksAsked, act: ({ body }) => control.setWebhooks(body) });
  route(app, 'POST /webhooks/verify', {
    body: CallbackAsked,
    act: ({ body }) => control.verifyWebhook(body),
  });
  route(app, 'POST /webhooks/settle', {
    act: async () => {
      await control.settled();
      return control.webhooks();
    },
  });
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

function route<Body extends TSchema = typeof Empty, Query extends TSchema = typeof Empty>(
  app: FastifyInstance,
  path: `${Method} /${string}`,
  { body, query, bodyLimit, act }: Route<Body, Query>,
): void {
  const [method = '', url = ''] = path.split(' ');
  app.route<{ Params: { id?: string } }>({
    method,
    url,
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    schema: {
      querystring: query ?? Empty,
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: body ?? Empty }),
    },
    // A call that needs no body may come without one.
    preValidation: async (request: FastifyRequest) => {
      request.body ??= {};
    },
    handler: async (request) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schemas above have checked both
      const checked = { body: request.body, query: request.query } as Pick<
        Asked<Body, Query>,
        'body' | 'query'
      >;
      return act({ id: request.params.id ?? '', ...checked });
    },
  });
}

function done(_nothing: void): { ok: true } {
  return { ok: true };
}

interface Explained {
  status: number;
  body: { error: { code: string; message: string; [more: string]: unknown } };
}

function explained(error: FastifyError | ControlRefusal): Explained {
  if (error instanceof ControlRefusal) {
    return {
      status: error.status,
      body: { error: { code: error.code, message: error.message, ...error.more } },
    };
  }
  const [fault] = error.validation ?? [];
  if (fault) {
    const named = fault.params['additionalProperty'] ?? fault.params['missingProperty'];
    const param = [
      ...fault.instancePath.split('/').slice(1),
      ...(typeof named === 'string' ? [named] : []),
    ].join('.');
    const message = `${error.message}${typeof named === 'string' ? `: ${named}` : ''}.`;
    return { status: 400, body: { error: { code: 'invalid_request', message, param } } };
  }
  const status = error.statusCode ?? 500;
  const code =
    status === 415 ? 'unsupported_media_type' : status < 500 ? 'invalid_request' : 'internal_error';
  const message = status === 415 ? 'The body must be sent as application/json.' : error.message;
  return { status, body: { error: { code, message: message || (STATUS_CODES[status] ?? 'An error') } } };
}
