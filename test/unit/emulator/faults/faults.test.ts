import { describe, expect, it } from 'vitest';
import { createFaultSwitches } from '../../../../src/emulator/faults/faults.ts';

describe('fault switches', () => {
  it('apply a rule to the next requests of its action only', () => {
    const faults = createFaultSwitches(1);
    faults.set({ rules: [{ action: 'PullLogs', fault: { kind: 'reset' }, times: 2 }] });
    expect(faults.next('HeartBeat', 'request')).toBeUndefined();
    expect(faults.next('PullLogs', 'request')).toEqual({ kind: 'reset' });
    expect(faults.settings.rules).toMatchObject([{ times: 1 }]);
    expect(faults.next('PullLogs', 'request')).toEqual({ kind: 'reset' });
    expect(faults.next('PullLogs', 'request')).toBeUndefined();
    expect(faults.settings.rules).toEqual([]);
    expect(faults.injected).toEqual({ reset: 2 });
  });

  it('keep a fault of bodies for a request that has one', () => {
    const faults = createFaultSwitches(1);
    faults.set({ rules: [{ fault: { kind: 'cut-body' }, times: 1 }] });
    expect(faults.next('PullLogs', 'request')).toBeUndefined();
    expect(faults.next('PullLogs', 'body')).toEqual({ kind: 'cut-body' });
  });

  it('apply with a probability, the same for a seed', () => {
    const hits = (seed: number) => {
      const faults = createFaultSwitches(seed);
      faults.set({ rules: [{ fault: { kind: 'reset' }, probability: 0.25 }] });
      return Array.from({ length: 400 }, () => faults.next('PullLogs', 'request') !== undefined);
    };
    expect(hits(3)).toEqual(hits(3));
    const count = hits(3).filter(Boolean).length;
    expect(count).toBeGreaterThan(60);
    expect(count).toBeLessThan(140);
  });

  it('change only what is given, and are cleared', () => {
    const faults = createFaultSwitches(1);
    faults.set({ heartbeatsRefused: true });
    faults.set({ checkpointsRefused: true });
    expect(faults.next('HeartBeat', 'request')).toMatchObject({ kind: 'error', status: 500 });
    expect(faults.next('UpdateCheckPoint', 'request')).toMatchObject({ code: 'ConsumerNotMatch' });
    expect(faults.next('PullLogs', 'request')).toBeUndefined();
    faults.set({ credentialsExpired: true });
    expect(faults.next('PullLogs', 'request')).toMatchObject({ status: 401, code: 'Unauthorized' });
    faults.clear();
    expect(faults.next('PullLogs', 'request')).toBeUndefined();
  });

  it('refuse a setting that is misspelt', () => {
    const faults = createFaultSwitches(1);
    expect(() => faults.set(JSON.parse('{"heartbeatRefused": true}'))).toThrow('heartbeatRefused');
    expect(() => faults.set(JSON.parse('{"rules": [{"fault": {"kind": "rest"}}]}'))).toThrow();
  });
});
