// The verbs of the control API, for tests in the same process and, by control-routes.ts, for everyone else.
import type { JournalEntry } from '../journal.ts';
import type { Latency } from '../latency.ts';
import type { Simulation } from '../simulation.ts';
import { settled } from '../soon.ts';
import type { Verification } from '../verify-callback.ts';
import { postBatch, type BatchAsked, type BatchView } from './batches.ts';
import {
  listCalls,
  readStatistics,
  type CallView,
  type NumberStatistics,
  type StatisticsAsked,
} from './calls.ts';
import { advanceClock, readClock, setClock, type Advance, type ClockAsked, type ClockView } from './clock.ts';
import type { FaultAsked } from './fault-schema.ts';
import { deleteFault, getFault, listFaults, putFault, type FaultView } from './faults.ts';
import { tellField, type FieldAsked, type FieldView } from './fields.ts';
import type { MessageMatch } from './message-match.ts';
import type { MessageView } from './message-view.ts';
import {
  expectNoMessage,
  listMessages,
  pageOfMessages,
  waitForMessages,
  type MessagePage,
  type WaitFor,
} from './messages.ts';
import { listNumbers, putNumber, type NumberAsked, type NumberView } from './numbers.ts';
import * as phones from './phones.ts';
import { resetSimulation } from './reset.ts';
import { pushStatus, type StatusAsked } from './statuses.ts';
import {
  listTemplates,
  putTemplate,
  reviewTemplate,
  type Review,
  type TemplateAsked,
  type TemplateView,
} from './templates.ts';
import {
  readWebhooks,
  setWebhooks,
  verifyWebhook,
  type CallbackAsked,
  type WebhooksAsked,
  type WebhooksView,
} from './webhooks.ts';

export interface Control {
  reset(): void;
  messages(match?: MessageMatch, limit?: number): MessageView[];
  messagesAfter(match: MessageMatch, page: { after: number; limit: number | undefined }): MessagePage;
  wait(wanted: WaitFor): Promise<MessageView[]>;
  none(wanted: { match: MessageMatch; within_ms?: number }): Promise<void>;
  pushStatus(asked: StatusAsked): MessageView;
  phones(): phones.PhoneView[];
  phone(phone: string): phones.PhoneView;
  createPhone(given?: phones.NewPhone): phones.PhoneView;
  send(phone: string, given: phones.Sending): MessageView;
  tap(phone: string, given?: phones.Tap): MessageView;
  read(phone: string, given?: { message?: string }): MessageView[];
  react(phone: string, given: { message?: string; emoji?: string }): MessageView;
  setOnline(phone: string, online: boolean): phones.PhoneView;
  setBlocked(phone: string, blocked: boolean): phones.PhoneView;
  setOptedOut(phone: string, optedOut: boolean): phones.PhoneView;
  tellField(asked: FieldAsked): FieldView;
  batch(asked: BatchAsked): BatchView;
  faults(): FaultView[];
  fault(id: string): FaultView;
  putFault(asked: FaultAsked, id?: string): FaultView;
  deleteFault(id: string): void;
  clearFaults(): void;
  latency(): Latency;
  setLatency(latency: Latency): Latency;
  clock(): ClockView;
  setClock(asked: ClockAsked): ClockView;
  advance(asked: Advance): Promise<ClockView & { fired: number }>;
  numbers(): NumberView[];
  putNumber(id: string, asked: NumberAsked): NumberView;
  templates(): TemplateView[];
  putTemplate(asked: TemplateAsked): TemplateView;
  reviewTemplate(which: string, review: Review): TemplateView;
  webhooks(): WebhooksView;
  setWebhooks(asked: WebhooksAsked): WebhooksView;
  verifyWebhook(asked?: CallbackAsked): Promise<Verification>;
  journal(after?: number, limit?: number): JournalEntry[];
  calls(after?: number, limit?: number): CallView[];
  statistics(asked?: StatisticsAsked): NumberStatistics[];
  /** Resolves when every webhook that could leave has been answered. */
  settled(): Promise<void>;
}

const JOURNAL_PAGE = 100;
const CALLS_PAGE = 1000;

export function createControl(sim: Simulation, signal: AbortSignal): Control {
  return {
    reset: () => resetSimulation(sim, signal),
    messages: (match, limit) => listMessages(sim, match, limit),
    messagesAfter: (match, page) => pageOfMessages(sim, match, page),
    wait: (wanted) => waitForMessages(sim, wanted, signal),
    none: (wanted) => expectNoMessage(sim, wanted),
    pushStatus: (asked) => pushStatus(sim, asked),
    phones: () => phones.listPhones(sim),
    phone: (phone) => phones.getPhone(sim, phone),
    createPhone: (given = {}) => phones.createPhone(sim, given),
    send: (phone, given) => phones.sendFrom(sim, phone, given),
    tap: (phone, given = {}) => phones.tap(sim, phone, given),
    read: (phone, given) => phones.readAs(sim, phone, given),
    react: (phone, given) => phones.react(sim, phone, given),
    setOnline: (phone, online) => phones.setOnline(sim, phone, online),
    setBlocked: (phone, blocked) => phones.setBlocked(sim, phone, blocked),
    setOptedOut: (phone, optedOut) => phones.setOptedOut(sim, phone, optedOut),
    tellField: (asked) => tellField(sim, asked),
    batch: (asked) => postBatch(sim, asked),
    faults: () => listFaults(sim),
    fault: (id) => getFault(sim, id),
    putFault: (asked, id) => putFault(sim, asked, id),
    deleteFault: (id) => deleteFault(sim, id),
    clearFaults: () => sim.faults.clear(),
    latency: () => sim.latency,
    setLatency: (latency) => (sim.latency = { spread_ms: 0, ...latency }),
    clock: () => readClock(sim),
    setClock: (asked) => setClock(sim, asked),
    advance: (asked) => advanceClock(sim, asked),
    numbers: () => listNumbers(sim),
    putNumber: (id, asked) => putNumber(sim, id, asked),
    templates: () => listTemplates(sim),
    putTemplate: (asked) => putTemplate(sim, asked),
    reviewTemplate: (which, review) => reviewTemplate(sim, which, review),
    webhooks: () => readWebhooks(sim),
    setWebhooks: (asked) => setWebhooks(sim, asked),
    verifyWebhook: (asked = {}) => verifyWebhook(sim, asked),
    journal: (after = 0, limit = JOURNAL_PAGE) => sim.journal.page(after, limit),
    calls: (after = 0, limit = CALLS_PAGE) => listCalls(sim, after, limit),
    statistics: (asked = {}) => readStatistics(sim, asked),
    settled: () => settled(sim),
  };
}
