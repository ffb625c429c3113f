import { describe, expect } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { watchSink } from '../../../../src/sink/receivers/watched.ts';
import type { SinkEvents } from '../../../../src/sink/sink.ts';
import { ScriptedSink } from '../../../support/receivers/scripted-sink.ts';
import { createLogRecorder, EventRecorder, never, type TestMark } from '../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

async function watched() {
  const { log, lines } = createLogRecorder();
  const events = new EventRecorder();
  let inner!: ScriptedSink<TestMark>;
  let report!: SinkEvents<TestMark>;
  const sink = watchSink<TestMark>(
    (its) => {
      report = its;
      inner = new ScriptedSink('siem', its, time.clock);
      return inner;
    },
    events,
    { overdueMs: 40_000, log, clock: time.clock },
  );
  inner.confirmsWhenAsked = false;
  const started = sink.start(never);
  inner.up();
  await started;
  let id = 0;
  const send = () => {
    const mark = { stream: 's', id: ++id };
    const delivery = sink.deliver(mark);
    delivery.write({ bytes: Buffer.from('x'), frameCount: 1, frameEnds: undefined, release: () => undefined });
    delivery.end();
    return mark;
  };
  const told = () => lines.map(({ level, message }) => `${level}: ${message}`);
  return { sink, inner, report, send, told, lines };
}

const stuck = 'warn: the receiver takes connections and confirms nothing: it is stuck, or very slow; checkpoints wait';

describe('a receiver that is watched', () => {
  it('is well while each delivery is confirmed in time, and while it has nothing to do', async () => {
    const { sink, inner, send, told } = await watched();
    for (let round = 0; round < 10; round++) {
      send();
      await time.clock.sleep(30_000);
      inner.confirm();
      expect(sink.status.stalled).toBeUndefined();
    }
    expect(sink.status.lastConfirmedAtMs).toBe(time.clock.now());
    await time.clock.sleep(3_600_000);
    expect(sink.status.stalled).toBeUndefined();
    expect(told()).toEqual([]);
  });

  it('is stalled when nothing is confirmed for too long, also while it is sent the same again and again', async () => {
    const { sink, inner, send, told, lines } = await watched();
    send();
    const sinceMs = time.clock.now();
    await time.clock.sleep(39_000);
    inner.loseOldest();
    send();
    expect(sink.status.stalled).toBeUndefined();
    await time.clock.sleep(1_000);
    expect(sink.status.stalled).toMatchObject({ sinceMs });
    for (let round = 0; round < 3; round++) {
      await time.clock.sleep(10_000);
      inner.loseOldest();
      send();
    }
    await time.clock.sleep(1);
    expect(told()).toEqual([stuck]);
    inner.confirm();
    expect(sink.status.stalled).toBeUndefined();
    expect(told()).toEqual([stuck, 'info: the receiver confirms again']);
    expect(lines[1]?.fields).toEqual({ peer: 'siem', forSeconds: 70 });
  });

  it('is not held to what went to somebody else', async () => {
    const { sink, inner, send } = await watched();
    send();
    await time.clock.sleep(50_000);
    inner.loseOldest();
    expect(sink.status.stalled).toBeDefined();
    await time.clock.sleep(30_001);
    expect(sink.status.stalled).toBeUndefined();
    send();
    expect(sink.status.stalled).toBeUndefined();
  });

  it('is stalled when a chunk finds no room for too long', async () => {
    const { sink, inner } = await watched();
    inner.down();
    const delivery = sink.deliver({ stream: 's', id: 1 });
    const chunk = { bytes: Buffer.from('x'), frameCount: 1, frameEnds: undefined, release: () => undefined };
    const taken = delivery.write(chunk);
    taken?.catch(() => undefined);
    await time.clock.sleep(40_000);
    expect(sink.status.stalled).toBeDefined();
    inner.up();
    await taken;
    expect(sink.status.stalled).toBeUndefined();
  });

  it('has nothing to do with what is held back because another consumer may own the shard', async () => {
    const { sink, report, send } = await watched();
    const mark = send();
    await time.clock.sleep(50_000);
    expect(sink.status.stalled).toBeDefined();
    report.lost([mark], new AppError('another consumer', { code: 'withdrawn', action: 'release-shard' }));
    expect(sink.status.stalled).toBeUndefined();
  });
});
