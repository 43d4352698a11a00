// Which edge of which node answers what. To add an edge: its function, and a line here.
import type { BusinessNumber, Media, Template } from '../fact.ts';
import type { Simulation } from '../simulation.ts';
import type { Waba } from '../world.ts';
import type { Answer } from './answer.ts';
import { debugToken, getSubscriptions, subscribe, unsubscribe } from './app-edges.ts';
import type { GraphCall, TokenKind } from './call.ts';
import { GraphError, schemaFault, unknownObject } from './graph-error.ts';
import { isReceipt, markRead } from './mark-read.ts';
import { deleteMedia, getMedia, uploadMedia } from './media-edges.ts';
import { getMessageHistory } from './message-history.ts';
import { changeNumber, deregisterNumber, getNumber, listNumbers, registerNumber } from './number-edges.ts';
import { sendMessage, type SendManner } from './send-message.ts';
import { createTemplate, deleteTemplate, getTemplate, listTemplates } from './template-edges.ts';
import { getSubscribedApps, getWaba, subscribeApp, unsubscribeApp } from './waba-edges.ts';

/** A call whose token is known, and how faults want a send of it to be taken. */
export interface PermittedCall extends GraphCall {
  token: TokenKind;
  manner: SendManner;
}

type Answered = Answer | Promise<Answer>;
type Edge<Node> = (sim: Simulation, node: Node, call: PermittedCall) => Answered;
type Edges<Node> = ReadonlyMap<string, Edge<Node>>;

const NUMBER_EDGES: Edges<BusinessNumber> = new Map<string, Edge<BusinessNumber>>([
  [
    'POST messages',
    (sim, number, { fields, manner }) =>
      isReceipt(fields) ? markRead(sim, number, fields) : sendMessage(sim, number, { body: fields, manner }),
  ],
  ['GET ', getNumber],
  ['POST ', (sim, number, { fields }) => changeNumber(sim, number, fields)],
  ['POST media', uploadMedia],
  ['GET message_history', getMessageHistory],
  ['POST register', (sim, number, { fields }) => registerNumber(sim, number, fields)],
  ['POST deregister', deregisterNumber],
]);

const WABA_EDGES: Edges<Waba> = new Map<string, Edge<Waba>>([
  ['GET ', getWaba],
  ['GET phone_numbers', (sim, waba, call) => listNumbers(sim, waba.id, call)],
  ['GET message_templates', listTemplates],
  ['POST message_templates', (sim, waba, { fields }) => createTemplate(sim, waba, fields)],
  ['DELETE message_templates', deleteTemplate],
  ['GET subscribed_apps', getSubscribedApps],
  ['POST subscribed_apps', (sim, waba, { fields }) => subscribeApp(sim, waba, fields)],
  ['DELETE subscribed_apps', unsubscribeApp],
]);

const MEDIA_EDGES: Edges<Media> = new Map<string, Edge<Media>>([
  ['GET ', getMedia],
  ['DELETE ', deleteMedia],
]);

const TEMPLATE_EDGES: Edges<Template> = new Map<string, Edge<Template>>([['GET ', getTemplate]]);

const APP_EDGES: Edges<string> = new Map<string, Edge<string>>([
  ['GET subscriptions', getSubscriptions],
  ['POST subscriptions', (sim, _app, { fields }) => subscribe(sim, fields)],
  ['DELETE subscriptions', unsubscribe],
]);

/** Answers a call by the edge of the node it names. */
export function answerEdge(sim: Simulation, call: PermittedCall): Answered {
  const { world } = sim;
  const id = call.object;
  if (id === 'debug_token' && call.method === 'GET') return debugToken(sim, call);
  if (id === sim.settings.appId || id === 'app') return at(APP_EDGES, id);
  const number = world.numbers.get(id);
  const waba = world.wabas.get(id);
  const media = world.media.get(id);
  if (call.token === 'app' && (number ?? waba ?? media)) {
    throw new GraphError({
      message: '(#10) Application does not have permission for this action',
      code: 10,
      http: 403,
    });
  }
  if (number) return at(NUMBER_EDGES, number);
  if (waba) return at(WABA_EDGES, waba);
  if (media) return at(MEDIA_EDGES, media);
  const template = [...world.templates.values()].find((one) => one.id === id);
  if (template) return at(TEMPLATE_EDGES, template);
  throw call.method === 'DELETE' && !/^\d+$/.test(id)
    ? schemaFault('Invalid post_id parameter')
    : unknownObject(call.method, id);

  function at<Node>(edges: Edges<Node>, node: Node): Answered {
    const edge = edges.get(`${call.method} ${call.edge}`);
    if (!edge) throw unknownObject(call.method, id);
    return edge(sim, node, call);
  }
}
