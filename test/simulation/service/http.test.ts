/** Our own exchanges against the simulated service, through the simulated network, in virtual time. */
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/emulator/protocol/compression.ts';
import { type ServiceAnswer, TimedOutError } from '../../../src/sls/exchange.ts';
import { forbidRealTime } from '../guard.ts';
import type { HttpFaultKind } from './http-faults.ts';
import { Lab } from './lab.ts';
import { sequenceIn } from './service.ts';

function rawOf({ headers, body }: ServiceAnswer): Buffer {
  return Buffer.from(decompress(body, 'lz4', Number(headers['x-log-bodyrawsize'])));
}

function codeOf({ body }: ServiceAnswer): string {
  return JSON.parse(body.toString()).errorCode;
}

/** A lab whose shard 0 has 20 logs in 4 groups, with one fault. */
function troubled(fault: HttpFaultKind): Lab {
  const lab = new Lab();
  lab.service.append(0, 20);
  lab.faults.add({ fault, probability: 1, times: 1 });
  return lab;
}

describe('a request', () => {
  it('is signed, carried out, and its lz4 body can be read', async () => {
    const lab = new Lab();
    lab.service.append(0, 20);
    const answer = await lab.askAndRun(lab.pull(0));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-log-count': '4', 'x-log-compresstype': 'lz4' });
    expect(sequenceIn(rawOf(answer))).toBe(0);
    expect(lab.told).toEqual(['10.000 d1 PullLogs', '10.000 c1 pulled 0: 0 to 20', '10.000 d1: PullLogs 0 200']);
  });

  it('with a body arrives whole: its MD5 is verified', async () => {
    const lab = new Lab();
    const answer = await lab.askAndRun(lab.beat('c1', []));
    expect(JSON.parse(answer.body.toString())).toEqual([0, 1]);
    const cursor = lab.service.logstore.shard(1).cursorAt(0);
    expect((await lab.askAndRun(lab.save('c1', 1, cursor))).status).toBe(200);
    expect(lab.service.checkpointOf(1)).toBe(0);
    expect(lab.told).toContain('10.000 c1 lists [], is granted [0,1]');
  });

  it('that is signed with another secret is refused, and so are rotated keys', async () => {
    const lab = new Lab();
    const { credentials } = lab.service;
    const forged = lab.ask(lab.pull(0), { credentials: { ...credentials, accessKeySecret: 'other' } });
    await lab.run();
    expect([(await forged).status, codeOf(await forged)]).toEqual([403, 'SignatureNotMatch']);
    lab.service.rotateKeys();
    const old = lab.ask(lab.pull(0), { credentials });
    await lab.run();
    expect([(await old).status, codeOf(await old)]).toEqual([401, 'Unauthorized']);
  });

  it('is refused where a shard is read too often in a second', async () => {
    const lab = new Lab({ connections: 200 });
    const answers = Array.from({ length: 101 }, () => lab.ask(lab.pull(0)));
    await lab.run();
    const refused = (await Promise.all(answers)).filter(({ status }) => status === 403);
    expect(refused.map(codeOf)).toEqual(['ShardReadQuotaExceed']);
  });
});

describe('the pool', () => {
  it('keeps what is more than its connections waiting', async () => {
    const lab = new Lab({ connections: 2 });
    const answers = Array.from({ length: 5 }, () => lab.ask(lab.pull(0)));
    await lab.run();
    await Promise.all(answers);
    // 20 ms there and back: three rounds of two connections.
    const arrivals = lab.told.filter((line) => line.endsWith('d1 PullLogs')).map((line) => Number.parseFloat(line));
    expect(arrivals).toEqual([10, 10, 30, 30, 50]);
  });

  it('lets answers of different connections overtake each other', async () => {
    const lab = new Lab({ connections: 8, jitterMs: 50 });
    const order: number[] = [];
    for (let i = 0; i < 8; i++) void lab.ask(lab.pull(i % 2)).then(() => order.push(i));
    await lab.run();
    expect(order).toHaveLength(8);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });

  it('sends nothing of a request that was given up while it waited', async () => {
    const lab = new Lab({ connections: 1 });
    const controller = new AbortController();
    const first = lab.ask(lab.pull(0));
    const second = lab.ask(lab.pull(1), { signal: controller.signal });
    controller.abort(new Error('given up'));
    const third = lab.ask(lab.pull(0));
    await lab.run();
    expect((await first).status).toBe(200);
    await expect(second).rejects.toThrow('given up');
    expect((await third).status).toBe(200);
    expect(lab.told.filter((line) => line.includes('PullLogs 1'))).toEqual([]);
  });

  it('fails what is waiting and what is under way when it is destroyed', async () => {
    const lab = new Lab({ connections: 1 });
    const asked = [lab.ask(lab.pull(0)), lab.ask(lab.pull(1))];
    await lab.run(5);
    await lab.connections.destroy(new Error('stopped'));
    const late = lab.ask(lab.pull(0));
    await lab.run();
    for (const one of [...asked, late]) await expect(one).rejects.toThrow('stopped');
  });
});

describe('a process', () => {
  it('that is stopped hears of the answer when it goes on', async () => {
    const lab = new Lab({ timeoutMs: 60_000 });
    const answer = lab.ask(lab.pull(0)).then(() => lab.elapsedMs);
    await lab.run(5);
    lab.process.stop();
    await lab.run(3_000);
    lab.process.resume();
    await lab.run();
    expect(await answer).toBe(3_005);
  });

  it('that is dead hears of nothing, and its request is carried out all the same', async () => {
    const lab = new Lab();
    let heard = false;
    const hear = () => {
      heard = true;
    };
    void lab.ask(lab.pull(0)).then(hear, hear);
    await lab.run(5);
    lab.process.kill();
    await lab.run();
    expect(heard).toBe(false);
    expect(lab.told).toContain('10.000 d1: PullLogs 0 200');
  });
});

describe('a fault', () => {
  it.each([
    [{ kind: 'drop' }, TimedOutError],
    [{ kind: 'lose-answer', silent: true }, TimedOutError],
    [{ kind: 'reset' }, /ECONNRESET/],
    [{ kind: 'lose-answer', silent: false }, /ECONNRESET/],
    [{ kind: 'reset-in-body' }, /other side closed/],
  ] as const)('%j fails the request, once', async (fault, error) => {
    const lab = troubled(fault);
    await expect(lab.askAndRun(lab.pull(0))).rejects.toThrow(error);
    expect(lab.told.filter((line) => line.includes(`fault ${fault.kind}`))).toHaveLength(1);
    expect((await lab.askAndRun(lab.pull(0))).status).toBe(200);
  });

  it.each([
    [{ kind: 'drop' }, 0],
    [{ kind: 'reset' }, 0],
    [{ kind: 'lose-answer', silent: true }, 1],
    [{ kind: 'lose-answer', silent: false }, 1],
    [{ kind: 'duplicate' }, 2],
  ] as const)('%j has the request carried out so many times: %i', async (fault, times) => {
    const lab = troubled(fault);
    await lab.askAndRun(lab.beat('c1', [])).catch(() => undefined);
    expect(lab.told.filter((line) => line.includes('c1 lists'))).toHaveLength(times);
  });

  it.each([200, 403, 404, 502, 503])('of a proxy: a page with %i, and the service is not asked', async (status) => {
    const lab = troubled({ kind: 'page', status });
    const answer = await lab.askAndRun(lab.beat('c1', []));
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html']);
    expect(lab.service.group?.consumers()).toEqual([]);
  });

  it('refuses with a code', async () => {
    const lab = troubled({ kind: 'refuse', status: 503, code: 'ServerBusy' });
    const answer = await lab.askAndRun(lab.pull(0));
    expect([answer.status, codeOf(answer)]).toEqual([503, 'ServerBusy']);
  });

  it('delays, and slows bodies down', async () => {
    const delayed = troubled({ kind: 'delay', ms: 700 });
    const late = delayed.ask(delayed.pull(0)).then(() => delayed.elapsedMs);
    await delayed.run();
    expect(await late).toBeCloseTo(720);
    const slowed = troubled({ kind: 'slow', bytesPerSecond: 1_000 });
    const slow = slowed.ask(slowed.pull(0)).then(({ body }) => slowed.elapsedMs - body.length);
    await slowed.run();
    expect(await slow).toBeCloseTo(20);
  });

  it.each([
    [{ kind: 'cut-body' }],
    [{ kind: 'corrupt-body' }],
    [{ kind: 'wrong-raw-size', byBytes: 7 }],
    [{ kind: 'wrong-raw-size', byBytes: -7 }],
  ] as const)('%j leaves an answer that is not what the service said', async (fault) => {
    const lab = troubled(fault);
    const harmed = await lab.askAndRun(lab.pull(0));
    const whole = await lab.askAndRun(lab.pull(0));
    expect(harmed.status).toBe(200);
    const said = ({ headers, body }: ServiceAnswer) => [headers['x-log-bodyrawsize'], body.toString('hex')];
    expect(said(harmed)).not.toEqual(said(whole));
    // The damage is of the copy on the way: the service's own is whole.
    expect(sequenceIn(rawOf(whole))).toBe(0);
  });

  it('leaves out every second group, and speaks of all', async () => {
    const lab = troubled({ kind: 'half-of-groups' });
    const harmed = await lab.askAndRun(lab.pull(0));
    const whole = await lab.askAndRun(lab.pull(0));
    expect(harmed.headers['x-log-count']).toBe('4');
    expect(rawOf(harmed).length).toBe(rawOf(whole).length / 2);
  });

  it('is of one daemon, one shard, one action only', async () => {
    const lab = new Lab();
    lab.faults.add({ fault: { kind: 'drop' }, probability: 1, daemon: 'd2' });
    lab.faults.add({ fault: { kind: 'drop' }, probability: 1, shard: 1 });
    lab.faults.add({ fault: { kind: 'drop' }, probability: 1, actions: ['UpdateCheckPoint'] });
    expect((await lab.askAndRun(lab.pull(0))).status).toBe(200);
    await expect(lab.askAndRun(lab.pull(1))).rejects.toThrow(TimedOutError);
    expect((await lab.askAndRun(lab.beat('c1', []))).status).toBe(200);
    await expect(lab.askAndRun(lab.save('c1', 0, ''))).rejects.toThrow(TimedOutError);
  });

  it('is a daemon cut off, also from answers that are under way', async () => {
    const lab = new Lab();
    const before = lab.ask(lab.beat('c1', []));
    await lab.run(15);
    lab.http.partitioned.add('d1');
    const during = lab.ask(lab.beat('c1', []));
    await lab.run();
    await expect(before).rejects.toThrow(TimedOutError);
    await expect(during).rejects.toThrow(TimedOutError);
    expect(lab.told.filter((line) => line.includes('c1 lists'))).toHaveLength(1);
    lab.http.partitioned.delete('d1');
    expect((await lab.askAndRun(lab.beat('c1', []))).status).toBe(200);
  });
});

describe('the same seed', () => {
  async function trace(seed: string): Promise<string[]> {
    const lab = new Lab({ seed, jitterMs: 40, connections: 3, dialect: { grantOrder: 'shuffled' } });
    for (const kind of ['drop', 'reset', 'duplicate'] as const) lab.faults.add({ fault: { kind }, probability: 0.1 });
    lab.service.append(0, 200);
    const realTime = forbidRealTime();
    try {
      for (let i = 0; i < 60; i++) {
        void lab.ask(i % 3 === 0 ? lab.beat(`c${i % 2}`, []) : lab.pull(i % 2)).catch(() => undefined);
        await lab.run(25);
      }
      await lab.run();
    } finally {
      realTime.end();
    }
    expect([...realTime.calls]).toEqual([]);
    return lab.told;
  }

  it('gives the same trace, another one another, and nobody asks the system for time or chance', async () => {
    const first = await trace('a');
    expect(first.length).toBeGreaterThan(100);
    expect(await trace('a')).toEqual(first);
    expect(await trace('b')).not.toEqual(first);
  });
});
