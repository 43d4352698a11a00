// The Graph's door: every path that is not the control API. Faults of any layer become Meta's error body; nothing here ever
// answers 404 or 500 of its own. Each processed send stands in the ledger before its answer leaves.
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallEffect } from '../faults.ts';
import { spread } from '../latency.ts';
import { MEDIA_PATH } from '../media/media-links.ts';
import type { SendCall } from '../send-calls.ts';
import { NotKept } from '../ledger.ts';
import { record, type Simulation } from '../simulation.ts';
import { errorAnswer, writeAnswer, type Answer } from './answer.ts';
import { bent, effectsOn, factsOf, isSend, heldMs, mannerOf, refusedByFault } from './call-faults.ts';
import { checkToken, takeApart, type GraphCall } from './call.ts';
import { answerEdge } from './edges.ts';
import { GraphError } from './graph-error.ts';
import { downloadMedia, notFound } from './media-edges.ts';

const JSON_MAX_BYTES = 2_000_000;
const TRANSPORT_FAULT = 0;

export function graphRoutes(app: FastifyInstance, sim: Simulation): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const handler = (request: FastifyRequest, reply: FastifyReply): void => answerCall(sim, request, reply);
  app.route({ method: ['GET', 'POST', 'DELETE'], url: '/*', bodyLimit: JSON_MAX_BYTES, handler });
  void app.register(async (uploads) => {
    // What may be a hundred megabytes is read by the edge itself, as it comes.
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser('*', (_request, body, done) => done(null, body));
    for (const url of ['/:version/:object/media', '/:object/media']) {
      uploads.route({ method: 'POST', url, handler });
    }
  });
  app.setNotFoundHandler(handler);
  app.setErrorHandler<FastifyError>((error, _request, reply) => refuseInGraph(sim, reply, error));
}

/** What Fastify itself refuses (a body too large, a path that cannot be read), in the Graph's words. */
export function refuseInGraph(sim: Simulation, reply: FastifyReply, error: FastifyError): void {
  const fault = new GraphError({ message: error.message, code: 1, http: error.statusCode ?? 400 });
  reply.hijack();
  writeAnswer(sim, reply.raw, errorAnswer(sim, fault));
}

function answerCall(sim: Simulation, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const { method, url, headers } = request;
  const upload = request.body instanceof Readable ? request.body : null;
  const call = takeApart({ method, url, headers, body, upload }, sim.origin);
  const facts = factsOf(sim, call);
  const effects = effectsOn(sim, call, facts);
  const sendCall = isSend(call) ? follow(sim, { call, to: facts.to, raw: reply.raw }) : null;
  const leave = (answer: Answer): void => {
    if (sendCall) keepAnswer(sendCall, answer);
    keepInJournal(sim, call, answer);
    write(sim, reply, { ...answer, version: call.version });
  };
  const proceed = (): void => {
    const answer = answerUnder(sim, call, effects);
    if (answer instanceof Promise) void answer.then(leave);
    else leave(answer);
  };
  const held = heldMs(sim, effects);
  if (held === 0) proceed();
  else sim.wireClock.after(held, proceed);
}

interface Followed {
  call: GraphCall;
  to: string;
  raw: ServerResponse;
}

// Under way until its answer has left, or the caller has gone.
function follow(sim: Simulation, { call, to, raw }: Followed): SendCall {
  const sendCall = sim.calls.begin({
    number: call.object,
    to,
    token: tokenOf(call),
    arrivedAt: sim.wireClock.now(),
  });
  raw.once('close', () => {
    sendCall.endedAt = sim.wireClock.now();
  });
  return sendCall;
}

function keepAnswer(sendCall: SendCall, answer: Answer): void {
  sendCall.answer = answer.fate ?? answer.status;
  sendCall.wamid = answer.wamid;
  const code = codeOf(answer);
  if (code !== TRANSPORT_FAULT) sendCall.code = code;
}

function write(sim: Simulation, reply: FastifyReply, answer: Answer): void {
  const delayMs = spread(sim.random, sim.latency) + (answer.delayMs ?? 0);
  if (delayMs === 0) writeAnswer(sim, reply.raw, answer);
  else sim.wireClock.after(delayMs, () => writeAnswer(sim, reply.raw, answer));
}

function keepInJournal(sim: Simulation, call: GraphCall, answer: Answer): void {
  sim.journal.add({
    at: sim.clock.now(),
    kind: 'graph',
    what: `${call.method} ${call.path}`,
    answer: answer.fate ?? answer.status,
    detail: { body: call.fields, status: answer.status, answer: answer.json },
  });
}

function answerUnder(
  sim: Simulation,
  call: GraphCall,
  effects: readonly CallEffect[],
): Answer | Promise<Answer> {
  const refused = (error: unknown): Answer => refusedAnswer(sim, call, error);
  try {
    const instead = refusedByFault(sim, effects);
    if (instead) {
      recordRefusal(sim, call, { code: codeOf(instead), answer: instead });
      return instead;
    }
    if (call.path === MEDIA_PATH) return bent(sim, effects, download(sim, call));
    const token = checkToken(sim, call);
    const earned = answerEdge(sim, { ...call, token, manner: mannerOf(effects) });
    if (!(earned instanceof Promise)) return bent(sim, effects, earned);
    return earned.then((answer) => bent(sim, effects, answer)).catch(refused);
  } catch (error) {
    return refused(error);
  }
}

// A link without a token, with a wrong one, or too old, all look alike.
function download(sim: Simulation, call: GraphCall): Answer {
  try {
    checkToken(sim, call);
  } catch (error) {
    if (error instanceof GraphError) return notFound('the token is not one of the simulator');
    throw error;
  }
  return downloadMedia(sim, call);
}

function refusedAnswer(sim: Simulation, call: GraphCall, error: unknown): Answer {
  if (error instanceof NotKept) {
    const details = `The simulator cannot write down what it takes (is its disk full?): ${error.message}.`;
    return errorAnswer(
      sim,
      new GraphError({ message: '(#2) Service temporarily unavailable', code: 2, http: 503, details }),
    );
  }
  if (!(error instanceof GraphError)) {
    sim.journal.add({
      at: sim.clock.now(),
      kind: 'note',
      what: 'A fault of the simulator itself',
      answer: String(error),
    });
    return errorAnswer(sim, new GraphError({ message: 'An unknown error occurred', code: 1, http: 500 }));
  }
  const answer = errorAnswer(sim, error, sim.world.numbers.get(call.object)?.wabaId);
  recordRefusal(sim, call, { code: error.code, answer });
  if (error.parts.type !== 'GraphMethodException') return answer;
  const note = `The simulator has no ${call.method} /${call.edge} for this id.`;
  return { ...answer, headers: { ...answer.headers, 'x-sim-note': note } };
}

function recordRefusal(
  sim: Simulation,
  call: GraphCall,
  { code, answer }: { code: number; answer: Answer },
): void {
  if (!isSend(call)) return;
  const token = tokenOf(call);
  record(sim, {
    fact: 'refused',
    at: sim.clock.now(),
    number: call.object,
    to: factsOf(sim, call).to,
    ...(token === undefined ? {} : { token }),
    code,
    http: answer.status,
    reply: answer.fate === 'reset' ? 'reset' : answer.fate === 'swallowed' ? 'swallowed' : 'sent',
  });
}

function tokenOf({ fields }: GraphCall): string | undefined {
  const token = fields['biz_opaque_callback_data'];
  return typeof token === 'string' ? token : undefined;
}

function codeOf({ json }: Answer): number {
  const error = typeof json === 'object' && json !== null && 'error' in json ? json['error'] : null;
  return typeof error === 'object' && error !== null && 'code' in error
    ? Number(error['code'])
    : TRANSPORT_FAULT;
}
