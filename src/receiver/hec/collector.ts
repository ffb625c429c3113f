/**
 * A collector for tests and demos: speaks the protocol of Splunk's HTTP Event Collector, counts the events, and fails on
 * demand (faults.ts). Written independently of the code that sends.
 *
 *     POST /services/collector, …/event, …/event/1.0    JSON events (events.ts)
 *     POST /services/collector/raw, …/raw/1.0           lines
 *     POST /services/collector/ack                      {"acks": [ids]} → {"acks": {"0": true, …}}
 *     GET  /services/collector/health, …/health/1.0
 *
 * Channels belong to one of `indexers`, each with ids of its own (indexer.ts): a connection stays with one, as behind
 * a balancer with cookies, unless a fault says otherwise.
 */
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../core/time/clock.ts';
import { SequenceCounter, type SequenceStats } from '../sequence.ts';
import { type HecAnswer, hecAnswer, hecCodes, isAccepted } from './codes.ts';
import { type HecEvent, type HecMetadata, type ReadEvents, readEvents, readLines } from './events.ts';
import { HecFaultSwitches } from './faults.ts';
import { Indexer } from './indexer.ts';

export interface CollectorOptions {
  readonly clock: Pick<Clock, 'timer' | 'cancel'>;
  /** Tokens that may post. Default: any. */
  readonly tokens?: readonly string[];
  /** Indexes that events may ask for. Default: any. */
  readonly indexes?: readonly string[];
  /** Posts are acknowledged, and need a channel. Default: true. */
  readonly acknowledges?: boolean;
  /** Default 1. */
  readonly indexers?: number;
  /** Unpacked bytes of a body that are taken. Default: Splunk's 838,860,800. */
  readonly maxContentLength?: number;
  /** Called with each event when it is indexed. */
  readonly onEvent?: (event: HecEvent) => void;
}

export interface HecRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** The connection, by a number of its own. */
  readonly connection: number;
}

export interface CollectorStats {
  /** Events that are indexed. */
  readonly events: number;
  /** Unpacked bytes of the posts that were accepted. */
  readonly bytes: number;
  /** Posts by the code that they were answered with. */
  readonly postsByCode: Readonly<Record<string, number>>;
  /** Posts that another part of the way has refused, by HTTP status: a fault without a code, and bodies too large. */
  readonly postsByStatus: Readonly<Record<string, number>>;
  readonly acksAsked: number;
  readonly acksTrue: number;
  readonly sequence: SequenceStats;
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;
const splunkMaxContentLength = 838_860_800;
const notFound: HecAnswer = {
  status: 404,
  body: { text: 'The requested URL was not found on this server.', code: 404 },
};
const tooLarge: HecAnswer = { status: 413, body: 'Request Entity Too Large' };

export class Collector {
  readonly faults = new HecFaultSwitches();
  readonly #options: CollectorOptions;
  readonly #indexers: readonly Indexer[];
  readonly #sequence = new SequenceCounter();
  readonly #postsByCode: Record<string, number> = {};
  readonly #postsByStatus: Record<string, number> = {};
  /** Channels that were posted to, by connection. */
  readonly #channels = new Map<number, Set<string>>();
  #events = 0;
  #bytes = 0;
  #acksAsked = 0;
  #acksTrue = 0;
  #requests = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
    const { clock, indexers = 1 } = options;
    const onIndexed = (events: readonly HecEvent[]) => {
      for (const event of events) this.#index(event);
    };
    this.#indexers = Array.from({ length: indexers }, () => new Indexer({ clock, onIndexed }));
  }

  handle(request: HecRequest): HecAnswer {
    this.#requests++;
    const [kind, version, ...rest] = request.path.replace(/^\/services\/collector\/?/u, '').split('/');
    if (!request.path.startsWith('/services/collector') || rest.length > 0) return notFound;
    if (version !== undefined && version !== '1.0') return notFound;
    if (kind === 'health') return hecAnswer(this.faults.settings.healthCode ?? hecCodes.healthy);
    if (request.method !== 'POST') return { status: 405, body: { text: 'Method Not Allowed', code: 405 } };
    if (kind === '' || kind === 'event') return this.#post(request, readEvents);
    if (kind === 'raw') return this.#post(request, readLines);
    return kind === 'ack' ? this.#acknowledge(request) : notFound;
  }

  /** The connection has ended. */
  disconnected(connection: number): void {
    const channels = this.#channels.get(connection);
    this.#channels.delete(connection);
    if (!this.faults.settings.channelEndsWithConnection) return;
    for (const channel of channels ?? []) for (const indexer of this.#indexers) indexer.forget(channel);
  }

  /** Events that are accepted and not indexed are lost, and the ids of all channels begin anew. */
  restart(): void {
    for (const indexer of this.#indexers) indexer.restart();
  }

  stats(): CollectorStats {
    return {
      events: this.#events,
      bytes: this.#bytes,
      postsByCode: { ...this.#postsByCode },
      postsByStatus: { ...this.#postsByStatus },
      acksAsked: this.#acksAsked,
      acksTrue: this.#acksTrue,
      sequence: this.#sequence.stats(),
    };
  }

  #post(request: HecRequest, read: (body: string, metadata: HecMetadata) => ReadEvents): HecAnswer {
    const answer = this.#judge(request, read);
    const { body } = answer;
    const code = typeof body === 'string' ? undefined : body.code;
    const [counts, key] = typeof code === 'number' ? [this.#postsByCode, code] : [this.#postsByStatus, answer.status];
    counts[key] = (counts[key] ?? 0) + 1;
    return answer;
  }

  #judge(request: HecRequest, read: (body: string, metadata: HecMetadata) => ReadEvents): HecAnswer {
    const refused = this.#authorize(request);
    if (refused !== undefined) return hecAnswer(refused);
    const { maxContentLength, keepsEventsBeforeInvalid } = this.faults.settings;
    const limit = maxContentLength ?? this.#options.maxContentLength ?? splunkMaxContentLength;
    const body = unpack(request, limit);
    if (body === 'too large') return tooLarge;
    if (body === 'damaged') return hecAnswer(hecCodes.invalidDataFormat, { 'invalid-event-number': 0 });
    const demanded = this.faults.nextAnswer();
    if (demanded && !(demanded.code !== undefined && isAccepted(demanded.code))) return answerOnDemand(demanded);
    const channel = this.#channelOf(request);
    if (typeof channel === 'number') return hecAnswer(channel);
    const { events, invalid } = this.#checkIndexes(read(body.toString('utf8'), metadataOf(request.query)));
    if (invalid && keepsEventsBeforeInvalid) this.#accept(request, events, undefined);
    if (invalid) return hecAnswer(invalid.code, { 'invalid-event-number': invalid.at });
    const ackId = this.#accept(request, events, channel);
    this.#bytes += body.length;
    return hecAnswer(demanded?.code ?? hecCodes.success, ackId === undefined ? {} : { ackId });
  }

  #accept(request: HecRequest, events: readonly HecEvent[], channel: string | undefined): number | undefined {
    const { indexAfterMs = 0, dropsAccepted } = this.faults.settings;
    if (channel !== undefined) {
      const channels = this.#channels.get(request.connection) ?? new Set();
      this.#channels.set(request.connection, channels.add(channel));
    }
    return this.#indexerOf(request).accept(dropsAccepted ? [] : events, channel, indexAfterMs);
  }

  #acknowledge(request: HecRequest): HecAnswer {
    const refused = this.#authorize(request);
    if (refused !== undefined) return hecAnswer(refused);
    if (this.#options.acknowledges === false) return hecAnswer(hecCodes.ackDisabled);
    const channel = this.#channelOf(request);
    if (typeof channel !== 'string') return hecAnswer(channel ?? hecCodes.channelMissing);
    const ids = readIds(request.body);
    if (!ids) return hecAnswer(hecCodes.invalidDataFormat);
    const { neverAcknowledges, dropsAccepted } = this.faults.settings;
    const acks =
      neverAcknowledges || dropsAccepted
        ? Object.fromEntries(ids.map((id) => [String(id), false]))
        : this.#indexerOf(request).acknowledge(channel, ids);
    this.#acksAsked += ids.length;
    this.#acksTrue += Object.values(acks).filter(Boolean).length;
    return { status: 200, body: { acks } };
  }

  /** @returns a code where the request may not be made */
  #authorize({ headers, query }: HecRequest): number | undefined {
    const { authorization } = headers;
    if (authorization === undefined) return query.has('token') ? hecCodes.queryStringDisabled : hecCodes.tokenRequired;
    const [scheme = '', credentials = '', ...rest] = authorization.split(' ');
    if (rest.length > 0 || credentials === '') return hecCodes.invalidAuthorization;
    const isBasic = scheme.toLowerCase() === 'basic';
    if (!isBasic && scheme.toLowerCase() !== 'splunk') return hecCodes.invalidAuthorization;
    // The user's name does not matter.
    const token = isBasic
      ? Buffer.from(credentials, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/u, '')
      : credentials;
    const { tokens } = this.#options;
    return tokens === undefined || tokens.includes(token) ? undefined : hecCodes.invalidToken;
  }

  /** @returns a code where it is missing and needed, or not a GUID */
  #channelOf({ headers, query, path }: HecRequest): string | number | undefined {
    const channel = headers['x-splunk-request-channel'] ?? query.get('channel') ?? undefined;
    const acknowledges = this.#options.acknowledges !== false;
    if (channel !== undefined && !guid.test(channel)) return hecCodes.invalidChannel;
    if (channel === undefined && (acknowledges || path.includes('/raw'))) return hecCodes.channelMissing;
    return acknowledges ? channel?.toLowerCase() : undefined;
  }

  #checkIndexes({ events, invalid }: ReadEvents): ReadEvents {
    const { indexes } = this.#options;
    const at = events.findIndex(({ index }) => index !== undefined && indexes?.includes(index) === false);
    if (at < 0) return { events, invalid };
    return { events: events.slice(0, at), invalid: { code: hecCodes.incorrectIndex, at } };
  }

  #indexerOf({ connection }: HecRequest): Indexer {
    const turn = this.faults.settings.balance === 'request' ? this.#requests : connection;
    const indexer = this.#indexers[turn % this.#indexers.length];
    if (!indexer) throw new Error('a collector needs an indexer');
    return indexer;
  }

  #index(event: HecEvent): void {
    this.#events++;
    const text = Buffer.from(lastText(event.event));
    this.#sequence.count(text, 0, text.length);
    this.#options.onEvent?.(event);
  }
}

function unpack({ headers, body }: HecRequest, limit: number): Buffer | 'too large' | 'damaged' {
  if (headers['content-encoding'] !== 'gzip') return body.length > limit ? 'too large' : body;
  try {
    return gunzipSync(body, { maxOutputLength: limit });
  } catch (error) {
    return error instanceof RangeError ? 'too large' : 'damaged';
  }
}

function answerOnDemand({
  code,
  status,
  body,
  retryAfter,
}: NonNullable<HecFaultSwitches['settings']['answer']>): HecAnswer {
  const usual: HecAnswer = code === undefined ? { status: 503, body: '' } : hecAnswer(code);
  return {
    status: status ?? usual.status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    body: body ?? usual.body,
  };
}

function metadataOf(query: URLSearchParams): HecMetadata {
  const keys = ['host', 'source', 'sourcetype', 'index'] as const;
  return Object.fromEntries(keys.flatMap((key) => (query.has(key) ? [[key, query.get(key)]] : [])));
}

function readIds(body: Buffer): readonly number[] | undefined {
  try {
    const { acks } = JSON.parse(body.toString('utf8')) as { acks?: unknown };
    return Array.isArray(acks) && acks.every((id) => Number.isInteger(id)) ? (acks as number[]) : undefined;
  } catch {
    return undefined;
  }
}

/** The text at whose end a generated log has its number: the event itself, or the last value in it that is a text. */
function lastText(event: unknown): string {
  if (typeof event === 'string') return event;
  if (typeof event !== 'object' || event === null) return '';
  return Object.values(event).reduce<string>((found, value) => {
    const text = lastText(value);
    return text === '' ? found : text;
  }, '');
}
