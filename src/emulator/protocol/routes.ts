/** The action of each request, by its method, path and query. */
import { ApiError, parameterInvalid } from './api-error.ts';

export const ACTIONS = [
  'ListLogStores',
  'CreateLogStore',
  'GetLogStore',
  'ListShards',
  'SplitShard',
  'MergeShards',
  'GetCursor',
  'GetCursorTime',
  'PullLogs',
  'PutLogs',
  'CreateConsumerGroup',
  'UpdateConsumerGroup',
  'ListConsumerGroup',
  'DeleteConsumerGroup',
  'HeartBeat',
  'GetCheckPoint',
  'UpdateCheckPoint',
] as const;

export type Action = (typeof ACTIONS)[number];

export interface Route {
  readonly action: Action;
  /** Empty for the requests on a project. */
  readonly logstore: string;
  /** The shard as in the path, not checked yet; empty where the request has none. */
  readonly shard: string;
  readonly consumerGroup: string;
}

interface Pattern {
  readonly action: Action;
  readonly method: string;
  /** The path's segments; `:name` matches any. */
  readonly path: string;
  /** Required query parameters, and the values of each. */
  readonly query?: Readonly<Record<string, readonly string[]>>;
}

const SHARD = '/logstores/:logstore/shards/:shard';
const GROUPS = '/logstores/:logstore/consumergroups';
const GROUP = `${GROUPS}/:group`;

const PATTERNS: readonly Pattern[] = [
  { action: 'ListLogStores', method: 'GET', path: '/logstores' },
  { action: 'CreateLogStore', method: 'POST', path: '/logstores' },
  { action: 'GetLogStore', method: 'GET', path: '/logstores/:logstore' },
  // PutLogs has three paths: newer SDKs post to the logstore, older ones to shards/lb, or by key to shards/route.
  { action: 'PutLogs', method: 'POST', path: '/logstores/:logstore' },
  { action: 'PutLogs', method: 'POST', path: '/logstores/:logstore/shards/lb' },
  { action: 'PutLogs', method: 'POST', path: '/logstores/:logstore/shards/route' },
  { action: 'ListShards', method: 'GET', path: '/logstores/:logstore/shards' },
  { action: 'GetCursor', method: 'GET', path: SHARD, query: { type: ['cursor'] } },
  { action: 'GetCursorTime', method: 'GET', path: SHARD, query: { type: ['cursor_time'] } },
  { action: 'PullLogs', method: 'GET', path: SHARD, query: { type: ['logs', 'log'] } },
  { action: 'SplitShard', method: 'POST', path: SHARD, query: { action: ['split'] } },
  { action: 'MergeShards', method: 'POST', path: SHARD, query: { action: ['merge'] } },
  { action: 'CreateConsumerGroup', method: 'POST', path: GROUPS },
  { action: 'ListConsumerGroup', method: 'GET', path: GROUPS },
  { action: 'UpdateConsumerGroup', method: 'PUT', path: GROUP },
  { action: 'DeleteConsumerGroup', method: 'DELETE', path: GROUP },
  { action: 'GetCheckPoint', method: 'GET', path: GROUP },
  { action: 'HeartBeat', method: 'POST', path: GROUP, query: { type: ['heartbeat'] } },
  { action: 'UpdateCheckPoint', method: 'POST', path: GROUP, query: { type: ['checkpoint'] } },
];

/**
 * @param path percent-encoded, as sent
 * @throws ApiError when no action matches; names the wrong parameter where the path does
 */
export function findRoute(method: string, path: string, query: ReadonlyMap<string, string>): Route {
  let wrongQuery: Pattern | undefined;
  const actual = path.split('/');
  for (const pattern of PATTERNS) {
    if (pattern.method !== method) continue;
    const names = matchPath(pattern.path, actual);
    if (!names) continue;
    const { logstore = '', shard = '', group = '' } = names;
    if (matchQuery(pattern, query)) return { action: pattern.action, logstore, shard, consumerGroup: group };
    wrongQuery = pattern;
  }
  if (wrongQuery) {
    const [name] = Object.keys(wrongQuery.query ?? {});
    throw parameterInvalid(`parameter ${name}=${query.get(name!) ?? ''} is missing or unknown for ${method} ${path}`);
  }
  throw new ApiError(404, 'NotSupported', `The embedded service has no ${method} ${path}`);
}

/** The segments of each pattern. */
const parts = new Map(PATTERNS.map(({ path }) => [path, path.split('/')]));

function matchPath(pattern: string, actual: readonly string[]): Record<string, string> | undefined {
  const expected = parts.get(pattern) ?? [];
  if (expected.length !== actual.length) return undefined;
  const names: Record<string, string> = {};
  for (const [i, segment] of expected.entries()) {
    if (segment.startsWith(':')) names[segment.slice(1)] = safeDecode(actual[i]!);
    else if (segment !== actual[i]) return undefined;
  }
  return names;
}

function matchQuery(pattern: Pattern, query: ReadonlyMap<string, string>): boolean {
  return Object.entries(pattern.query ?? {}).every(([name, values]) => values.includes(query.get(name) ?? ''));
}

function safeDecode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
