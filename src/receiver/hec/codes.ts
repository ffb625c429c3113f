/**
 * The answers of Splunk's HTTP Event Collector: code, HTTP status and text. Source: Splunk Enterprise, "Troubleshoot HTTP
 * Event Collector", possible error codes.
 */
export const hecCodes = {
  success: 0,
  tokenDisabled: 1,
  tokenRequired: 2,
  invalidAuthorization: 3,
  invalidToken: 4,
  noData: 5,
  invalidDataFormat: 6,
  incorrectIndex: 7,
  internalServerError: 8,
  serverBusy: 9,
  channelMissing: 10,
  invalidChannel: 11,
  eventRequired: 12,
  eventBlank: 13,
  ackDisabled: 14,
  indexedFields: 15,
  queryStringDisabled: 16,
  healthy: 17,
} as const;

interface Meaning {
  readonly status: number;
  readonly text: string;
}

const meanings: Readonly<Record<number, Meaning>> = {
  0: { status: 200, text: 'Success' },
  1: { status: 403, text: 'Token disabled' },
  2: { status: 401, text: 'Token is required' },
  3: { status: 401, text: 'Invalid authorization' },
  4: { status: 403, text: 'Invalid token' },
  5: { status: 400, text: 'No data' },
  6: { status: 400, text: 'Invalid data format' },
  7: { status: 400, text: 'Incorrect index' },
  8: { status: 500, text: 'Internal server error' },
  9: { status: 503, text: 'Server is busy' },
  10: { status: 400, text: 'Data channel is missing' },
  11: { status: 400, text: 'Invalid data channel' },
  12: { status: 400, text: 'Event field is required' },
  13: { status: 400, text: 'Event field cannot be blank' },
  14: { status: 400, text: 'ACK is disabled' },
  15: { status: 400, text: 'Error in handling indexed fields' },
  16: { status: 400, text: 'Query string authorization is not enabled' },
  17: { status: 200, text: 'HEC is healthy' },
  18: { status: 503, text: 'HEC is unhealthy, queues are full' },
  19: { status: 503, text: 'HEC is unhealthy, ack service unavailable' },
  20: { status: 503, text: 'HEC is unhealthy, queues are full, ack service unavailable' },
  21: { status: 400, text: 'Invalid token' },
  22: { status: 400, text: 'Token disabled' },
  23: { status: 503, text: 'Server is shutting down' },
  24: { status: 200, text: 'Success: queue capacity is near its limit' },
  25: { status: 200, text: 'Success: ack capacity is near its limit' },
  26: { status: 429, text: 'Queue capacity is exceeded' },
  27: { status: 429, text: 'Ack capacity is exceeded' },
};

export const hecCodeNumbers: readonly number[] = Object.keys(meanings).map(Number);

export interface HecAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | string;
}

export function hecAnswer(code: number, more: Readonly<Record<string, unknown>> = {}): HecAnswer {
  const { status, text } = meanings[code] ?? { status: 500, text: 'Internal server error' };
  return { status, body: { text, code, ...more } };
}

/** The events were taken, which is not yet to say that they are indexed. */
export function isAccepted(code: number): boolean {
  return code === 0 || code === 24 || code === 25;
}
