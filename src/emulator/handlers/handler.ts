/** The requests and answers of the handlers of the API's actions. */
import type { PullCache } from '../model/pull-cache.ts';
import type { Store } from '../model/store.ts';
import { postBodyInvalid } from '../protocol/api-error.ts';
import type { Action, Route } from '../protocol/routes.ts';

export interface ApiRequest {
  readonly store: Store;
  readonly cache: PullCache;
  readonly project: string;
  readonly route: Route;
  readonly query: ReadonlyMap<string, string>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type Handler = (request: ApiRequest) => ApiAnswer;
export type Handlers = Partial<Readonly<Record<Action, Handler>>>;

export function json(value: unknown, status = 200): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

/** A success without a body, and so without a content type. */
export const DONE: ApiAnswer = { status: 200, headers: {}, body: Buffer.alloc(0) };

/** @throws ApiError PostBodyInvalid */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw postBodyInvalid('The body is not JSON.');
  }
}

/** @throws ApiError PostBodyInvalid */
export function parseJsonObject(body: Uint8Array): Record<string, unknown> {
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw postBodyInvalid('The body is not a JSON object.');
  }
  return value as Record<string, unknown>;
}
