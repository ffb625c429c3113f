/** The emulator's API without HTTP: takes a request's parts, returns an answer. */
import type { Clock } from '../core/time/clock.ts';
import { type AccessKey, authenticate } from './auth/authenticate.ts';
import { parseQuery, type SignedRequest } from './auth/signed-request.ts';
import { consumerGroupHandlers } from './handlers/consumer-groups.ts';
import { type ApiAnswer, type Handlers, json } from './handlers/handler.ts';
import { logHandlers } from './handlers/logs.ts';
import { logstoreHandlers } from './handlers/logstores.ts';
import { shardHandlers } from './handlers/shards.ts';
import type { PullCache } from './model/pull-cache.ts';
import { count, type Store } from './model/store.ts';
import { ApiError, projectNotExist } from './protocol/api-error.ts';
import { errorBody, spelt } from './protocol/dialect.ts';
import { findRoute, type Route } from './protocol/routes.ts';

const HANDLERS: Handlers = { ...logstoreHandlers, ...shardHandlers, ...logHandlers, ...consumerGroupHandlers };

export interface ServiceOptions {
  readonly store: Store;
  readonly cache: PullCache;
  readonly region: string | undefined;
  credentials(): readonly AccessKey[];
}

export interface Service {
  /** @throws ApiError when no action matches */
  route(request: SignedRequest): Route;
  /** @throws ApiError */
  handle(request: SignedRequest, route: Route): ApiAnswer;
  /** Turns a thrown value into an error answer, and counts it. Anything but an ApiError is a bug, answered with 500. */
  errorAnswer(thrown: unknown): ApiAnswer;
}

export function createService({ store, cache, region, credentials }: ServiceOptions): Service {
  return {
    route: (request) => findRoute(request.method, request.path, queryMap(request)),

    handle(request, route) {
      authenticate(request, { credentials: credentials(), region, nowMs: store.now() });
      const project = projectOf(request.headers.host ?? '');
      if (!store.hasProject(project)) throw projectNotExist(project);
      const { headers, body } = request;
      const answer = HANDLERS[route.action]!({ store, cache, project, route, query: queryMap(request), headers, body });
      count(store.requests, route.action);
      return answer;
    },

    errorAnswer(thrown) {
      const error =
        thrown instanceof ApiError
          ? thrown
          : new ApiError(500, 'InternalServerError', `The embedded service failed: ${String(thrown)}`);
      count(store.errors, error.code);
      return json(errorBody(spelt(error.code, store.dialect), error.message, store.dialect), error.status);
    },
  };
}

/** A value for `x-log-requestid`: 24 hex digits. */
export function createRequestId({ random }: Pick<Clock, 'random'>): string {
  const part = () => Math.floor(random() * 2 ** 48);
  return [part(), part()].map((value) => value.toString(16).padStart(12, '0').toUpperCase()).join('');
}

/**
 * The project: the first label of the Host header, as in `demo.localhost:8080` or `demo.127.0.0.1`.
 * @throws ApiError ProjectNotExist when the host is an address without a project
 */
function projectOf(host: string): string {
  if (/^(\d+\.\d+\.\d+\.\d+|localhost|\[.*\])?(:\d+)?$/.test(host)) {
    throw new ApiError(
      404,
      'ProjectNotExist',
      `The Host header ${JSON.stringify(host)} names no project: it is <project>.<endpoint>`,
    );
  }
  return host.split('.')[0]!.split(':')[0]!;
}

function queryMap(request: SignedRequest): Map<string, string> {
  return new Map(parseQuery(request.rawQuery, 'space').map(({ key, value }) => [key, value]));
}
