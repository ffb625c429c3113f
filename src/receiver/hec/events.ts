/** Reads the bodies that are posted: JSON events one after another, or lines. */
import { hecCodes } from './codes.ts';

export interface HecMetadata {
  /** Unix seconds. */
  readonly time?: number;
  readonly host?: string;
  readonly source?: string;
  readonly sourcetype?: string;
  readonly index?: string;
}

export interface HecEvent extends HecMetadata {
  /** Text, or whatever JSON has there. */
  readonly event: unknown;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Why a body is refused; `at` is the number of the event, from 0. */
export interface Invalid {
  readonly code: number;
  readonly at: number;
}

/** Where an event is invalid, `events` has those before it. */
export interface ReadEvents {
  readonly events: readonly HecEvent[];
  readonly invalid: Invalid | undefined;
}

const texts = ['host', 'source', 'sourcetype', 'index'] as const;

/** @param defaults metadata of the query string, which an event's own goes before */
export function readEvents(body: string, defaults: HecMetadata): ReadEvents {
  const events: HecEvent[] = [];
  const refuse = (code: number): ReadEvents => ({ events, invalid: { code, at: events.length } });
  let at = skipSpace(body, 0);
  if (at === body.length) return refuse(hecCodes.noData);
  while (at < body.length) {
    const end = endOfObject(body, at);
    const envelope = end === undefined ? undefined : parseObject(body.slice(at, end));
    if (end === undefined || envelope === undefined) return refuse(hecCodes.invalidDataFormat);
    const read = readEnvelope(envelope, defaults);
    if (typeof read === 'number') return refuse(read);
    events.push(read);
    at = skipSpace(body, end);
  }
  return { events, invalid: undefined };
}

/** One event a line, as without rules for line breaks of the source type; empty lines are none. */
export function readLines(body: string, metadata: HecMetadata): ReadEvents {
  const events = body
    .split(/\r?\n/u)
    .filter((line) => line !== '')
    .map((line) => ({ ...metadata, event: line }));
  return { events, invalid: events.length === 0 ? { code: hecCodes.noData, at: 0 } : undefined };
}

/** @returns a code where the event is invalid */
function readEnvelope(envelope: Readonly<Record<string, unknown>>, defaults: HecMetadata): HecEvent | number {
  const { event, time, fields } = envelope;
  if (event === undefined || event === null) return hecCodes.eventRequired;
  if (event === '') return hecCodes.eventBlank;
  for (const key of texts) {
    if (envelope[key] !== undefined && typeof envelope[key] !== 'string') return hecCodes.invalidDataFormat;
  }
  if (fields !== undefined && !isFlat(fields)) return hecCodes.indexedFields;
  // The official client for Node sends the time as a text.
  const seconds = typeof time === 'string' ? Number(time) : time;
  if (time !== undefined && !(typeof seconds === 'number' && Number.isFinite(seconds))) {
    return hecCodes.invalidDataFormat;
  }
  const own = Object.fromEntries(texts.flatMap((key) => (envelope[key] === undefined ? [] : [[key, envelope[key]]])));
  return {
    ...defaults,
    ...own,
    ...(typeof seconds === 'number' && { time: seconds }),
    ...(isFlat(fields) && { fields }),
    event,
  };
}

/** Texts, numbers and booleans, or lists of them. */
function isFlat(fields: unknown): fields is Readonly<Record<string, unknown>> {
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  return (
    typeof fields === 'object' &&
    fields !== null &&
    !Array.isArray(fields) &&
    Object.values(fields).every((value) => (Array.isArray(value) ? value.every(isPlain) : isPlain(value)))
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  return at;
}

/** Where the object ends that begins there; undefined: it does not begin there, or does not end. */
function endOfObject(text: string, from: number): number | undefined {
  if (text.charAt(from) !== '{') return undefined;
  // Only what can change the depth is looked at: strings are skipped as wholes.
  const next = /"(?:[^"\\]|\\.)*"|[{}]/gsu;
  next.lastIndex = from;
  let depth = 0;
  for (let found = next.exec(text); found; found = next.exec(text)) {
    if (found[0] === '{') depth++;
    else if (found[0] === '}' && --depth === 0) return next.lastIndex;
  }
  return undefined;
}
