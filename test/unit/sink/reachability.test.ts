import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/time/clock.ts';
import { connectionError } from '../../../src/sink/network-errors.ts';
import { Reachability } from '../../../src/sink/reachability.ts';
import { createLogRecorder, type LogLine } from '../../support/receivers/sink-harness.ts';

const refused = connectionError('econnrefused', 'refused');
const expired = connectionError('tls-certificate-expired', 'expired');

describe('reachability', () => {
  let reachability: Reachability;
  let lines: LogLine[];

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
    const recorder = createLogRecorder();
    lines = recorder.lines;
    reachability = new Reachability({ peer: 'tcp://a:1', steadyAfterMs: 5000, clock: systemClock, log: recorder.log });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const told = () => lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level}: ${message}`);

  it('knows the state, since when, and why', () => {
    expect(reachability).toMatchObject({ state: 'connecting', sinceMs: 1_000_000, reconnects: 0 });
    vi.advanceTimersByTime(10);
    reachability.failed(refused);
    vi.advanceTimersByTime(10);
    reachability.failed(expired);
    expect(reachability).toMatchObject({ state: 'down', sinceMs: 1_000_010, lastError: 'expired' });
    reachability.connected({});
    expect(reachability).toMatchObject({ state: 'up', sinceMs: 1_000_020, lastError: undefined, reconnects: 0 });
    reachability.lost(refused, true);
    reachability.connected({});
    expect(reachability.reconnects).toBe(1);
    reachability.closed();
    expect(reachability.state).toBe('closed');
  });

  it('tells of each kind of failure once an outage, and how long it was down', () => {
    for (const error of [refused, refused, expired, refused, expired]) {
      reachability.failed(error);
      vi.advanceTimersByTime(1000);
    }
    reachability.connected({ address: '10.0.0.1:1' });
    expect(told()).toEqual([
      'warn: cannot connect to the receiver; trying again until it works',
      'warn: the receiver is still unreachable, for another reason',
      'info: connected to the receiver',
    ]);
    expect(lines.at(-1)?.fields).toMatchObject({ address: '10.0.0.1:1', downForMs: 5000 });
  });

  it('tells of both changes when a steady connection is lost and comes back', () => {
    reachability.connected({});
    vi.advanceTimersByTime(60_000);
    reachability.lost(refused, true);
    reachability.connected({});
    expect(told()).toEqual([
      'info: connected to the receiver',
      'warn: the connection to the receiver is lost; trying again until it works',
      'info: connected to the receiver',
    ]);
    expect(lines[1]?.fields).toMatchObject({ upForMs: 60_000, code: 'econnrefused', reason: 'refused' });
  });

  it('waits with "connected" for a connection that lasts, after one that did not', () => {
    reachability.connected({});
    for (let i = 0; i < 100; i++) {
      reachability.lost(refused, false);
      reachability.connected({});
      vi.advanceTimersByTime(4000);
    }
    expect(told()).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(told()).toHaveLength(3);
    expect(told().at(-1)).toBe('info: connected to the receiver');
  });
});
