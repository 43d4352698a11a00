// The Graph's door: every path that is not the control API. Faults of any layer become Meta's error body; nothing here ever
// answers 404 or 500 of its own.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Simulation } from '../simulation.ts';
import { errorAnswer, writeAnswer, type Answer } from './answer.ts';
import { bodyFields, checkToken, takeApart, type GraphCall } from './call.ts';
import { GraphError, unknownObject } from './graph-error.ts';
import { sendMessage } from './send-message.ts';

const BODY_MAX_BYTES = 101_000_000;

export function graphRoutes(app: FastifyInstance, sim: Simulation): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/*',
    bodyLimit: BODY_MAX_BYTES,
    handler: (request, reply) => answerCall(sim, request, reply),
  });
}

function answerCall(sim: Simulation, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const call = takeApart(request.method, request.url, request.headers, body);
  const answer = answered(sim, call);
  sim.journal.add({
    at: sim.clock.now(),
    kind: 'graph',
    what: `${call.method} ${call.path}`,
    answer: answer.status,
  });
  const delayMs = sim.settings.latencyMs + (answer.delayMs ?? 0);
  if (delayMs === 0) writeAnswer(sim, reply.raw, call.version, answer);
  else sim.wireClock.after(delayMs, () => writeAnswer(sim, reply.raw, call.version, answer));
}

function answered(sim: Simulation, call: GraphCall): Answer {
  try {
    checkToken(sim, call);
    const number = sim.world.numbers.get(call.object);
    if (call.method !== 'POST' || call.edge !== 'messages' || !number)
      throw unknownObject(call.method, call.object);
    return sendMessage(sim, number, bodyFields(call));
  } catch (error) {
    if (error instanceof GraphError) return errorAnswer(sim, error);
    throw error;
  }
}
