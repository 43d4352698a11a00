// Mounting a dialect: each request is authenticated, given its budget, handed to its endpoint, and answered in the dialect's own form,
// whatever goes wrong.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Answer, Call, Dialect, Endpoint, Rooms } from '../dialects/dialect.ts';
import { KurirError } from '../kernel/errors.ts';
import type { Json } from '../kernel/json.ts';
import type { Authenticator, Caller } from '../organisations/authenticate.ts';
import { budgetClassOf, type Budget, type Budgets } from '../organisations/budgets.ts';
import type { BodyRoom } from './body-room.ts';
import { allowFile } from './body-time.ts';
import { logFailure, toKurirError } from './to-kurir-error.ts';

export interface MountParts {
  rooms: Rooms;
  authenticator: Authenticator;
  budgets: Budgets;
  bodies: BodyRoom;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, once the key was found. */
    caller: Caller | undefined;
    /** How the caller's budget stands after what was taken from it; undefined while nothing was. */
    budgetHeaders: Budget['headers'] | undefined;
    /** The parsed body, where there was one. */
    json: Json | undefined;
  }
}

export function mountDialect(app: FastifyInstance, dialect: Dialect, parts: MountParts): void {
  app.register(
    async (scope) => {
      scope.setErrorHandler((error, request, reply) => {
        const refusal = toKurirError(error);
        logFailure(parts.rooms.ctx.log, refusal, request.id);
        return send(reply, dialect.renderError(refusal, about(request)), budgetHeadersOf(request, parts));
      });
      const paths = methodsByPath(dialect);
      scope.setNotFoundHandler((request, reply) => {
        const methods = paths.find(({ form }) => form.test(pathOf(request)))?.methods ?? [];
        return send(reply, dialect.unknownPath({ ...about(request), methods }), undefined);
      });
      for (const endpoint of dialect.endpoints)
        if (endpoint.body === 'form')
          scope.register(async (inner) => takeForm(inner, dialect, { endpoint, parts }));
        else mountEndpoint(scope, dialect, { endpoint, parts });
    },
    { prefix: dialect.prefix },
  );
}

// Handed on unread, whatever it is: the endpoint says which form it takes. Everywhere else a form is refused.
function takeForm(
  scope: FastifyInstance,
  dialect: Dialect,
  what: { endpoint: Endpoint; parts: MountParts },
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _form, done) => done(null));
  mountEndpoint(scope, dialect, what);
}

function mountEndpoint(
  scope: FastifyInstance,
  dialect: Dialect,
  { endpoint, parts }: { endpoint: Endpoint; parts: MountParts },
): void {
  scope.route({
    method: endpoint.method,
    url: endpoint.path,
    // Before the body is read: who may not ask is not listened to, and whoever may hears of the budget whatever is wrong with it.
    onRequest(request, reply, done) {
      const enter = (caller: Caller): void => {
        request.caller = caller;
        parts.bodies.enter(request.raw, reply.raw);
        if (endpoint.body === 'form') allowFile(request.raw);
      };
      let entering: Promise<void> | undefined;
      try {
        const caller = parts.authenticator.authenticate(dialect.credentials(request.headers));
        if (caller instanceof Promise) entering = caller.then(enter);
        else enter(caller);
      } catch (error) {
        return done(toKurirError(error));
      }
      if (entering) entering.then(() => done(), done);
      else done();
    },
    handler: (request, reply) => handle(endpoint, { request, reply, parts }),
  });
}

// Of a request that is refused before anything was taken, too.
function budgetHeadersOf(request: FastifyRequest, parts: MountParts): Budget['headers'] | undefined {
  if (request.budgetHeaders || !request.caller) return request.budgetHeaders;
  return parts.budgets.peek(request.caller, budgetClassOf(request.method)).headers;
}

async function handle(
  endpoint: Endpoint,
  http: { request: FastifyRequest; reply: FastifyReply; parts: MountParts },
): Promise<FastifyReply> {
  const { request, parts } = http;
  const { caller } = request;
  if (!caller) throw new Error('A request came to its endpoint before it was known whose it is.');
  const budgetClass = budgetClassOf(request.method);
  const budget: Call['budget'] = {
    take: () => void (request.budgetHeaders = parts.budgets.take(caller, budgetClass).headers),
    giveBack: () => void (request.budgetHeaders = parts.budgets.giveBack(caller, budgetClass).headers),
  };
  requireOneKey(request);
  if (endpoint.budget === 'mount') budget.take();
  const answer = await endpoint.handle({
    rooms: parts.rooms,
    caller,
    budget,
    method: request.method,
    path: pathOf(request),
    params: pathParts(request.params),
    query: queryTexts(request.query),
    headers: request.headers,
    body: request.json,
    form: endpoint.body === 'form' ? request.raw : undefined,
    requestId: request.id,
    isGone: () => request.raw.socket.destroyed,
  });
  return send(http.reply, answer, budgetHeadersOf(request, parts));
}

// Node joins headers that came twice: two keys would look like a third one, which a repeat in another order does not have.
function requireOneKey({ headers, raw }: FastifyRequest): void {
  const name = 'Idempotency-Key';
  const joined = headers['idempotency-key'];
  if (!joined?.includes(', ') || raw.headersDistinct['idempotency-key']?.length === 1) return;
  throw new KurirError('invalid_field_value', `The header ${name} came more than once: send one.`, {
    param: name,
  });
}

function send(reply: FastifyReply, answer: Answer, budget: Budget['headers'] | undefined): FastifyReply {
  if (budget) reply.headers(budget);
  if (answer.headers) reply.headers(answer.headers);
  return reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

function about(request: FastifyRequest): { requestId: string; method: string; path: string } {
  return { requestId: request.id, method: request.method, path: pathOf(request) };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

// Which methods there are at each path of a dialect, for those who come with another.
function methodsByPath(dialect: Dialect): { form: RegExp; methods: string[] }[] {
  const paths = Map.groupBy(dialect.endpoints, (endpoint) => dialect.prefix + endpoint.path);
  return [...paths].map(([path, there]) => ({
    form: new RegExp(`^${path.replaceAll(/:\w+(\([^)]*\))?/g, '[^/]+')}/?$`),
    methods: there.map((endpoint) => endpoint.method),
  }));
}

function pathParts(params: unknown): Record<string, string> {
  return texts(params, () => {
    // No id of ours holds one, and PostgreSQL would choke on it.
    throw new KurirError('resource_not_found', 'There is nothing under an id with a NUL character.');
  });
}

function queryTexts(query: unknown): Record<string, string> {
  return texts(query, (param) => {
    throw new KurirError('invalid_field_value', `${param} holds a NUL character.`, { param });
  });
}

// As plain text; a parameter given twice counts as its last.
function texts(values: unknown, refuseNul: (key: string) => never): Record<string, string> {
  const all: [string, string][] = [];
  for (const [key, value] of Object.entries(values ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (typeof last !== 'string') continue;
    if (last.includes('\0')) refuseNul(key);
    all.push([key, last.toWellFormed()]);
  }
  return Object.fromEntries(all);
}
