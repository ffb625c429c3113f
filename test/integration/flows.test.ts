/** Several sources and receivers in one process: who waits for whom, and who does not. In virtual time. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import type { Flow } from '../../src/config/model/config.ts';
import { AppError, ConfigError } from '../../src/core/errors.ts';
import { DeadLetterFile } from '../../src/dead-letter/file.ts';
import { FlowScope } from '../support/daemons/flow-scope.ts';
import { listen } from '../support/listen.ts';
import { createVirtualFlowPlace } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

describe('several flows in one process', () => {
  const { it, time } = useVirtualTime();
  let place: ReturnType<typeof createVirtualFlowPlace>;
  let scope: FlowScope;

  beforeEach(() => {
    place = createVirtualFlowPlace(time);
    scope = new FlowScope(place);
  });

  afterEach(() => time.run(() => scope.close()));

  async function prepare(logstores: readonly string[], receivers: readonly string[]): Promise<void> {
    for (const name of logstores) scope.logstore(name);
    for (const name of receivers) await scope.open(name);
  }

  it('delivers each source to its own receiver, and adds up at the end', async () => {
    await prepare(['web', 'app'], ['a', 'b']);
    scope.append('web', 3_000);
    scope.append('app', 2_000);
    const daemon = await scope.start(await scope.flows('web>a', 'app>b'));
    await scope.until(() => {
      expect(scope.sequence('a').unique).toBe(3_000);
      expect(scope.sequence('b').unique).toBe(2_000);
    });
    const { complete, confirmed, fields } = await daemon.drain(10_000);
    expect({ complete, confirmed }).toEqual({ complete: true, confirmed: true });
    expect(fields).toMatchObject({ logs: 5_000, unconfirmed: [] });
    expect([scope.checkpointed('web'), scope.checkpointed('app')]).toEqual([3_000, 2_000]);
    const assigned = daemon.lines.filter(({ msg }) => msg === 'shards assigned').map(({ source }) => source);
    expect(new Set(assigned)).toEqual(new Set(['web', 'app']));
  });

  it('ends in time although a dead-letter file is not closed, for its disk hangs', async () => {
    await prepare(['web'], ['a']);
    scope.append('web', 100);
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 20, maxFiles: 5 };
    const daemon = await scope.start([await scope.flow('web>a', { delivery: { deadLetter } })]);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(100));
    const close = vi.spyOn(DeadLetterFile.prototype, 'close').mockReturnValue(new Promise(() => undefined));
    try {
      const ended = daemon.drain(3_000).then(({ complete }) => complete);
      expect(await Promise.race([ended, time.sleep(6_000).then(() => 'not ended')])).toBe(true);
    } finally {
      const files = close.mock.contexts as DeadLetterFile[];
      close.mockRestore();
      for (const file of files) await file.close();
    }
  });

  it('pulls a source once for two receivers, each with messages of its own', async () => {
    await prepare(['web'], ['a', 'b']);
    scope.append('web', 4_000);
    const flows = [await scope.flow('web>a'), await scope.flow('web>b', { message: { severity: 1, tag: 'other' } })];
    const daemon = await scope.start(flows);
    await scope.until(() => {
      for (const name of ['a', 'b']) expect(scope.sequence(name).unique).toBe(4_000);
      expect(scope.checkpointed('web')).toBe(4_000);
    });
    const { fields } = await daemon.drain(10_000);
    expect(fields).toMatchObject({ logs: 8_000 });
    expect(scope.emulator.stats().pulled.logs).toBe(4_000);
    for (const name of ['a', 'b']) expect(scope.sequence(name)).toMatchObject({ duplicate: 0, missing: 0 });
  });

  it('holds the checkpoint for the receiver that is down, and nobody else', async () => {
    await prepare(['web', 'app'], ['a', 'b', 'c']);
    scope.append('web', 1_000);
    const daemon = await scope.start(await scope.flows('web>a', 'web>b', 'app>c'));
    await scope.until(() => expect(scope.checkpointed('web')).toBe(1_000));
    await scope.receiver('b').close();
    scope.append('web', 2_000);
    scope.append('app', 5_000);
    await scope.until(() => {
      expect(scope.sequence('c').unique).toBe(5_000);
      expect(scope.checkpointed('app')).toBe(5_000);
      expect(scope.sequence('a').unique).toBeGreaterThan(1_000);
    });
    expect(scope.checkpointed('web')).toBe(1_000);
    await scope.open('b');
    await scope.until(() => {
      expect(scope.checkpointed('web')).toBe(3_000);
      expect(scope.sequence('a').unique).toBe(3_000);
      expect(scope.sequence('b').unique).toBeGreaterThanOrEqual(2_000);
    });
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('sends again what one receiver lost, and not to the other, which has it', async () => {
    await prepare(['web'], ['a', 'b']);
    const port = scope.port('b');
    await scope.receiver('b').close();
    // Answers the end of a connection as long as nothing came over it.
    const used = new Set<Socket>();
    const breaking = place.net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('end', () => used.has(socket) || socket.end());
      socket.on('data', () => used.add(socket));
    });
    await listen(breaking, '127.0.0.1', port);
    const daemon = await scope.start(await scope.flows('web>a', 'web>b'));
    // A third break in a row would have what it gets confirmed piece by piece.
    for (let round = 1; round <= 2; round++) {
      // In several batches, of which the other receiver has all.
      for (let n = 0; n < 5; n++) {
        scope.append('web', 200);
        await time.sleep(60);
      }
      await scope.until(() => {
        expect(used.size).toBeGreaterThan(0);
        expect(scope.sequence('a').unique).toBe(round * 1_000);
      });
      for (const socket of used) socket.resetAndDestroy();
      used.clear();
    }
    breaking.close();
    await scope.open('b');
    await scope.until(() => expect(scope.checkpointed('web')).toBe(2_000));
    for (const name of ['a', 'b']) expect(scope.sequence(name).unique).toBe(2_000);
    expect(scope.sequence('a').duplicate).toBe(0);
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('goes on beside a source whose receiver reads nothing, and which has all of the budget', async () => {
    await prepare(['stuck', 'app'], ['a']);
    const sockets: Socket[] = [];
    const deaf = place.net.createServer((socket) => sockets.push(socket.pause()));
    const port = await listen(deaf, '127.0.0.1', place.net.freePort());
    // More than the kernels' buffers hold.
    scope.append('stuck', 60_000);
    const small = { group: { maxInFlightBytes: 1 << 20 }, delivery: { confirm: 'off' as const } };
    const stuck = await scope.flow('stuck>deaf', { ...small, receiver: { port, timeoutMs: 600_000 } });
    const daemon = await scope.start([stuck, await scope.flow('app>a', small)]);
    await scope.until(() => expect(scope.emulator.stats().pulled.logs).toBeGreaterThan(10_000));
    let pulled = -1;
    const isStill = () => {
      const before = pulled;
      pulled = scope.emulator.stats().pulled.logs;
      expect(pulled).toBe(before);
    };
    await time.poll(isStill, 30_000, 1_000);
    expect(pulled).toBeLessThan(60_000);
    scope.append('app', 20_000);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(20_000));
    expect(scope.checkpointed('stuck')).toBeLessThan(60_000);
    daemon.destroy(new AppError('the test is over', { code: 'test', action: 'fatal' }));
    for (const socket of sockets) socket.destroy();
    deaf.close();
  });

  it('lets a receiver that is not required lag, without loss, and nobody wait for it', async () => {
    await prepare(['web'], ['a', 'b']);
    await scope.receiver('b').close();
    scope.append('web', 3_000);
    const daemon = await scope.start([await scope.flow('web>a'), await scope.flow('web>b', { required: false })]);
    await scope.until(() => expect(scope.checkpointed('web')).toBe(3_000));
    expect(scope.sequence('a').unique).toBe(3_000);
    await scope.open('b');
    await scope.until(() => {
      expect(scope.sequence('b').unique).toBe(3_000);
      expect(scope.checkpointed('web', 'test-b')).toBe(3_000);
    });
    expect((await daemon.drain(10_000)).complete).toBe(true);
    expect(scope.sequence('b')).toMatchObject({ missing: 0, duplicate: 0 });
  });

  it('says that everything is confirmed beside a receiver that was never there', async () => {
    await prepare(['web'], ['a', 'b']);
    await scope.receiver('b').close();
    scope.append('web', 1_000);
    const daemon = await scope.start([await scope.flow('web>a'), await scope.flow('web>b', { required: false })]);
    await scope.until(() => expect(scope.checkpointed('web')).toBe(1_000));
    const summary = await daemon.drain(10_000);
    expect(summary).toMatchObject({ complete: true, confirmed: true, fields: { logs: 1_000 } });
    expect(summary.notShipped).toMatchObject([{ isNothing: true, isFailure: false }]);
    expect(summary.notShipped[0]?.reason).toContain('was never up: connection refused');
  });

  it('says that it is not complete where a receiver that is required was never there', async () => {
    await prepare(['web', 'app'], ['a', 'b']);
    await scope.receiver('b').close();
    scope.append('web', 1_000);
    scope.append('app', 1_000);
    const daemon = await scope.start(await scope.flows('web>a', 'app>b'));
    await scope.until(() => expect(scope.checkpointed('web')).toBe(1_000));
    const summary = await daemon.drain(10_000);
    expect(summary).toMatchObject({ complete: false, delivered: true, fields: { logs: 1_000 } });
    expect(summary.notShipped).toMatchObject([{ names: { source: 'app' }, isNothing: true, isFailure: true }]);
  });

  it('goes on beside a source that does not exist, and uses that once it does', async () => {
    await prepare(['web'], ['a', 'b']);
    scope.append('web', 1_000);
    const daemon = await scope.start(await scope.flows('web>a', 'late>b'));
    await scope.until(() => expect(scope.sequence('a').unique).toBe(1_000));
    const told = () => daemon.lines.filter(({ msg }) => String(msg).includes('this source cannot go on'));
    await scope.until(() => expect(told()).toHaveLength(1));
    expect(told()[0]).toMatchObject({ source: 'late', code: 'logstore-not-exist' });
    scope.logstore('late');
    scope.append('late', 500);
    await scope.until(() => expect(scope.sequence('b').unique).toBe(500));
    expect(told()).toHaveLength(1);
    expect(daemon.lines).toContainEqual({
      ...{ source: 'late', msg: 'the source can be used again' },
      forSeconds: expect.any(Number),
    });
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('goes on beside a source whose key is wrong from the start, and uses that once the key is mended', async () => {
    await prepare(['web', 'app'], ['a', 'b']);
    const web = await scope.flow('web>a');
    const right = await scope.flow('app>b');
    const wrong = await scope.flow('app>b', { service: { accessKeySecret: 'not-the-secret' } });
    let read = (): Flow[] => {
      throw new ConfigError([{ message: 'the file is half written' }]);
    };
    const daemon = await scope.start([web, wrong], { readFlows: () => read() });
    const told = () => daemon.lines.filter(({ msg }) => String(msg).includes('this source cannot go on'));
    await scope.until(() => expect(told()).toHaveLength(1));
    expect(told()[0]).toMatchObject({ source: 'app', code: 'signature-not-match' });
    read = () => [web, right];
    scope.append('app', 500);
    await scope.until(() => expect(scope.sequence('b').unique).toBe(500));
    expect(daemon.lines).toContainEqual({
      ...{ source: 'app', msg: 'the source can be used again' },
      forSeconds: expect.any(Number),
    });
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('leaves nothing undone beside a source that could never be used', async () => {
    await prepare(['web'], ['a', 'b']);
    scope.append('web', 1_000);
    const daemon = await scope.start(await scope.flows('web>a', 'none>b'));
    await scope.until(() => expect(scope.sequence('a').unique).toBe(1_000));
    expect(await daemon.drain(10_000)).toMatchObject({ complete: true, fields: { logs: 1_000, unconfirmed: [] } });
    expect(scope.checkpointed('web')).toBe(1_000);
  });

  it('ends with the error when no source is left that could go on', async () => {
    await prepare([], ['a']);
    await expect(scope.start(await scope.flows('none>a', 'neither>a'))).rejects.toMatchObject({
      code: 'logstore-not-exist',
    });
  });

  it('is done when each source is read to --until; one that cannot be makes it incomplete', async () => {
    await prepare(['web', 'app'], ['a']);
    scope.append('web', 100);
    scope.append('app', 100);
    const until = { group: { until: 'end' as const } };
    const good = [await scope.flow('web>a', until), await scope.flow('app>a', until)];
    expect((await (await scope.start(good)).finished).complete).toBe(true);
    expect(scope.receiver('a').stats().messages).toBe(200);
    scope.append('web', 100);
    const summary = await (await scope.start([...good, await scope.flow('none>a', until)])).finished;
    expect(summary.complete).toBe(false);
    expect(scope.checkpointed('web')).toBe(200);
  });
});
