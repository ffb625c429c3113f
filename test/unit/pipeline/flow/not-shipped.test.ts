import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { type EndingFeed, whyNotShipped } from '../../../../src/pipeline/flow/not-shipped.ts';
import type { SinkStatus } from '../../../../src/sink/sink.ts';

const status: SinkStatus = {
  state: 'down',
  peer: 'tcp://siem:514',
  sinceMs: 0,
  bytesWritten: 0,
  framesWritten: 0,
  framesDropped: 0,
  confirms: false,
  reconnects: 0,
  lastError: 'connection refused',
};

const starting: EndingFeed = {
  names: {},
  hasRun: false,
  isBounded: false,
  isRequired: true,
  isReached: false,
  unconnected: [],
  isServiceKnown: true,
  troubles: [],
  startingForMs: 1_000,
};

const unreachable = new AppError('no route', { code: 'ehostunreach', action: 'retry' });

describe('why nothing was shipped', () => {
  it.each<[string, Partial<EndingFeed>, string, boolean]>([
    [
      'a receiver that refuses',
      { unconnected: [status] },
      'the receiver tcp://siem:514 was never up: connection refused',
      true,
    ],
    [
      'the same, that nobody waits for',
      { unconnected: [status], isRequired: false },
      'the receiver tcp://siem:514 was never up: connection refused',
      false,
    ],
    [
      'a receiver that does not answer, for a second',
      { unconnected: [{ ...status, state: 'connecting', lastError: undefined }] },
      'the receiver tcp://siem:514 was never up: no attempt to connect has been answered yet',
      false,
    ],
    [
      'the same for 15 s',
      { unconnected: [{ ...status, state: 'connecting', lastError: undefined }], startingForMs: 15_000 },
      'the receiver tcp://siem:514 was never up: no attempt to connect has been answered yet',
      true,
    ],
    [
      'a receiver that accepts and is silent',
      { unconnected: [{ ...status, state: 'up', lastError: undefined }], startingForMs: 20_000 },
      'the receiver tcp://siem:514 takes connections, and did not answer on them',
      true,
    ],
    [
      'a log service that is down, and a receiver too',
      { unconnected: [status], isServiceKnown: false, troubles: [{ error: unreachable }] },
      'the receiver tcp://siem:514 was never up: connection refused; the log service cannot be used: no route',
      true,
    ],
    ['a log service that is slow', { isServiceKnown: false }, 'the log service has not answered yet', false],
    ['a stop in the first moment', {}, 'it was stopped before it had joined its consumer group', false],
    [
      'the same with --until: a run that has an end did not come there',
      { isBounded: true },
      'it was stopped before it had joined its consumer group',
      true,
    ],
  ])('%s', (_, feed, reason, isFailure) => {
    expect(whyNotShipped({ ...starting, ...feed })).toEqual({ names: {}, isNothing: true, isFailure, reason });
  });

  it('is not asked where it has run', () => {
    expect(whyNotShipped({ ...starting, hasRun: true })).toBeUndefined();
    expect(whyNotShipped({ ...starting, hasRun: true, isBounded: true, isReached: true })).toBeUndefined();
  });

  it('is another thing where the end of --until was not reached', () => {
    expect(whyNotShipped({ ...starting, hasRun: true, isBounded: true })).toEqual({
      ...{ names: {}, isNothing: false, isFailure: true },
      reason: 'it was stopped before --until was reached',
    });
  });
});
