/** Holds the collector to the protocol as the official npm client speaks it; and its server: TLS, restarts, the admin API. */
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { Agent, request as send } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/time/clock.ts';
import type { HecEvent } from '../../src/receiver/hec/events.ts';
import { createHecReceiver, type HecReceiver, type HecReceiverOptions } from '../../src/receiver/hec/server.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';

interface SplunkLogger {
  error: (error: Error) => void;
  requestOptions: { strictSSL: boolean };
  send(context: object, callback: (error: Error | null, response: unknown, body: unknown) => void): void;
  flush(callback: (error: Error | null, response: unknown, body: unknown) => void): void;
}
const { Logger } = createRequire(import.meta.url)('splunk-logging') as {
  Logger: new (config: object) => SplunkLogger;
};

const token = 'aaaaaaaa-0000-4000-8000-000000000000';
const channel = 'bbbbbbbb-0000-4000-8000-000000000001';

describe('the collector', () => {
  let receiver: HecReceiver;
  let events: HecEvent[];
  let agent: Agent;

  const start = async (options: Partial<HecReceiverOptions> = {}): Promise<number> => {
    events = [];
    const onEvent = (event: HecEvent) => events.push(event);
    receiver = createHecReceiver({
      clock: systemClock,
      host: '127.0.0.1',
      port: 0,
      tokens: [token],
      onEvent,
      ...options,
    });
    agent = new Agent({ connect: { rejectUnauthorized: false } });
    return (await receiver.start()).port;
  };
  afterEach(async () => {
    await receiver.close();
    await agent.destroy();
  });

  const logger = (url: string, config: object = {}): SplunkLogger => {
    const created = new Logger({ token, url, ...config });
    created.error = () => undefined;
    return created;
  };
  const answerOf = (ask: (callback: (error: Error | null, response: unknown, body: unknown) => void) => void) =>
    new Promise<unknown>((resolve) => {
      ask((error, _response, body) => resolve(body ?? error));
    });

  const post = async (port: number, path: string, body: string, scheme = 'http') => {
    const headers = { authorization: `Splunk ${token}`, 'x-splunk-request-channel': channel };
    const url = `${scheme}://127.0.0.1:${port}${path}`;
    const answer = await send(url, { method: 'POST', headers, body, dispatcher: agent });
    return { status: answer.statusCode, body: await answer.body.json() };
  };

  it('takes what the official client sends: one by one, and many at once', async () => {
    const port = await start({ acknowledges: false });
    const one = logger(`http://127.0.0.1:${port}`);
    const metadata = { time: 1_700_000_000.5, host: 'h', source: 's', sourcetype: 't', index: 'main' };
    const message = { text: '}{"\\\n', list: [1] };
    expect(await answerOf((done) => one.send({ message, metadata }, done))).toEqual({ text: 'Success', code: 0 });
    const many = logger(`http://127.0.0.1:${port}`, { maxBatchCount: 0 });
    for (const text of ['a', 'b', 'c']) many.send({ message: text }, () => undefined);
    expect(await answerOf((done) => many.flush(done))).toEqual({ text: 'Success', code: 0 });
    expect(events[0]).toEqual({ ...metadata, event: { message, severity: 'info' } });
    expect(events.slice(1).map(({ event }) => event)).toMatchObject(['a', 'b', 'c'].map((text) => ({ message: text })));
  });

  it('tells the official client what is wrong', async () => {
    const port = await start({ acknowledges: false });
    const nobody = logger(`http://127.0.0.1:${port}`, { token: 'nobody' });
    expect(await answerOf((done) => nobody.send({ message: 'a' }, done))).toEqual({ text: 'Invalid token', code: 4 });
    expect(events).toEqual([]);
  });

  it('speaks TLS', async () => {
    const authority = await createAuthority('collector');
    const { cert, key } = await issue(authority, { commonName: 'collector', ipAddresses: ['127.0.0.1'] });
    const tls = { cert: Buffer.from(cert), key: Buffer.from(key) };
    const port = await start({ tls, acknowledges: false });
    const secure = logger(`https://127.0.0.1:${port}`);
    expect(await answerOf((done) => secure.send({ message: 'a' }, done))).toEqual({ text: 'Success', code: 0 });
    expect(events).toHaveLength(1);
  });

  it('acknowledges over the network, and is driven from outside: faults, a restart, counters', async () => {
    const port = await start();
    const event = '/services/collector/event';
    const ask = () => post(port, '/services/collector/ack', '{"acks":[0]}');
    expect(await post(port, '/__collector/faults', '{"indexAfterMs":3600000}')).toMatchObject({ status: 200 });
    expect(await post(port, event, '{"event":"lost"}')).toEqual({
      status: 200,
      body: { text: 'Success', code: 0, ackId: 0 },
    });
    expect((await ask()).body).toEqual({ acks: { 0: false } });
    expect(await post(port, '/__collector/restart', '')).toEqual({ status: 200, body: {} });
    const cleared = await send(`http://127.0.0.1:${port}/__collector/faults`, { method: 'DELETE', dispatcher: agent });
    expect(await cleared.body.json()).toEqual({});
    expect((await post(port, event, '{"event":"kept"}')).body).toMatchObject({ ackId: 0 });
    expect((await ask()).body).toEqual({ acks: { 0: true } });
    expect(events.map((each) => each.event)).toEqual(['kept']);
    expect(await post(port, '/__collector/faults', '{"nonsense":1}')).toMatchObject({ status: 400 });
    expect(await post(port, '/__collector/nothing', '')).toMatchObject({ status: 404 });
    const counted = await send(`http://127.0.0.1:${port}/__collector/stats`, { dispatcher: agent });
    expect(await counted.body.json()).toMatchObject({ events: 1, postsByCode: { 0: 2 }, acksAsked: 2, acksTrue: 1 });
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (!outside) console.warn('SKIPPED: the admin API from outside: this machine has only a loopback address');

  it.skipIf(!outside)('is driven from this machine only, and takes posts from anywhere', async () => {
    const port = await start({ host: '0.0.0.0' });
    const from = async (address: string, path: string, body: string) => {
      const headers = { authorization: `Splunk ${token}`, 'x-splunk-request-channel': channel };
      const url = `http://${address}:${port}${path}`;
      const { statusCode } = await send(url, { method: 'POST', headers, body, dispatcher: agent });
      return statusCode;
    };
    expect(await from(outside!, '/__collector/faults', '{}')).toBe(403);
    expect(await from(outside!, '/__collector/restart', '')).toBe(403);
    expect(await from(outside!, '/services/collector', '{"event":"a"}')).toBe(200);
    expect(await from('127.0.0.1', '/__collector/faults', '{}')).toBe(200);
  });
});
