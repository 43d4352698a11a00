// Mounting a dialect: each request is authenticated, given its budget, handed to its endpoint, and answered in the dialect's own form,
// whatever goes wrong.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Answer, Call, Dialect, Endpoint, Rooms } from '../dialects/dialect.ts';
import type { Json } from '../kernel/json.ts';
import type { Authenticator } from '../organisations/authenticate.ts';
import { budgetClassOf, type Budget, type Budgets } from '../organisations/budgets.ts';
import { toKurirError } from './to-kurir-error.ts';

export interface MountParts {
  rooms: Rooms;
  authenticator: Authenticator;
  budgets: Budgets;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** How the caller's budget stands, once it is known whose it is. */
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
        if (refusal.status >= 500)
          parts.rooms.ctx.log.error(
            { err: error, requestId: request.id, code: refusal.code },
            'a request failed',
          );
        return send(reply, dialect.renderError(refusal, about(request)), request.budgetHeaders);
      });
      scope.setNotFoundHandler((request, reply) =>
        send(reply, dialect.unknownPath(about(request)), undefined),
      );
      for (const endpoint of dialect.endpoints) {
        scope.route({
          method: endpoint.method,
          url: endpoint.path,
          handler: (request, reply) => handle(dialect, endpoint, { request, reply, parts }),
        });
      }
    },
    { prefix: dialect.prefix },
  );
}

async function handle(
  dialect: Dialect,
  endpoint: Endpoint,
  http: { request: FastifyRequest; reply: FastifyReply; parts: MountParts },
): Promise<FastifyReply> {
  const { request, parts } = http;
  const caller = await parts.authenticator.authenticate(dialect.credentials(request.headers));
  const budgetClass = budgetClassOf(request.method);
  request.budgetHeaders = parts.budgets.peek(caller, budgetClass).headers;
  const budget: Call['budget'] = {
    take: () => void (request.budgetHeaders = parts.budgets.take(caller, budgetClass).headers),
    giveBack: () => void (request.budgetHeaders = parts.budgets.giveBack(caller, budgetClass).headers),
    present: () => parts.budgets.peek(caller, budgetClass),
  };
  if (endpoint.budget === 'mount') budget.take();
  const answer = await endpoint.handle({
    rooms: parts.rooms,
    caller,
    budget,
    method: request.method,
    path: pathOf(request),
    params: texts(request.params),
    query: texts(request.query),
    headers: request.headers,
    body: request.json,
    requestId: request.id,
  });
  return send(http.reply, answer, request.budgetHeaders);
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

// Params and query as plain text; a parameter given twice counts as its last.
function texts(values: unknown): Record<string, string> {
  if (typeof values !== 'object' || values === null) return {};
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      return typeof last === 'string' ? [[key, last.replaceAll('\0', '').toWellFormed()]] : [];
    }),
  );
}
