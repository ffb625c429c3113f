/** An exchange as undici drives it, over real connections: what the unit tests of an exchange only claim that it does. */
import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/time/clock.ts';
import type { BodyLimit } from '../../../src/sls/exchange.ts';
import { BodyTooLongError, TimedOutError } from '../../../src/sls/exchange.ts';
import { Transport, type WireRequest } from '../../../src/sls/transport.ts';
import { type Script, ScriptedServer } from '../../support/service/scripted-http.ts';

const whole: BodyLimit = { maxBytes: 1_000_000, cut: false };
const declared = 200_000;
const half = Buffer.alloc(declared / 2, 1);

const stop = new AbortController();
let server: ScriptedServer | undefined;
let transport: Transport | undefined;

afterEach(async () => {
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  await transport?.destroy(new Error('the test is over'));
  await server?.close();
});

async function start(script: Script, maxPullConnections = 1): Promise<ScriptedServer> {
  server = await ScriptedServer.start(script);
  const { port, endpoint } = server;
  const address = { origin: endpoint, host: `127.0.0.1:${port}` };
  transport = new Transport({ address, maxPullConnections, clock: systemClock });
  return server;
}

interface Sending {
  readonly limit?: BodyLimit;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

function pull({ limit = whole, signal = stop.signal, timeoutMs = 20_000 }: Sending = {}) {
  const request: WireRequest = { method: 'GET', target: '/pull', headers: {}, body: undefined, isPull: true };
  return transport!.send(request, () => limit, { signal, timeoutMs });
}

function startBody(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': declared }).write(half);
}

const answerAll: Script = (_request, response) => response.end(Buffer.alloc(declared, 2));

describe('in the middle of a body', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['that was declared longer, the server ends the connection', ({ socket }) => socket?.end()],
    ['that was declared longer, the server resets the connection', ({ socket }) => socket?.resetAndDestroy()],
  ])('%s', async (_name, end) => {
    const each = await start((request, response, index) => {
      if (index === 1) return answerAll(request, response, index);
      startBody(response);
      setTimeout(() => end(response), 20);
    });
    await expect(pull()).rejects.toMatchObject({ code: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/) });
    // The same memory serves the next one.
    const { body } = await pull();
    expect([body.length, body.every((byte) => byte === 2)]).toEqual([declared, true]);
    expect(each.received).toHaveLength(2);
  });

  test('in chunks, what comes is no chunk', async () => {
    await start((_request, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nno size\r\n');
    });
    await expect(pull()).rejects.toMatchObject({ name: 'HTTPParserError' });
  });

  test('its signal aborts: the connection ends, and another serves the next request', async () => {
    const each = await start((request, response, index) => {
      if (index === 1) return answerAll(request, response, index);
      startBody(response);
    });
    const aborting = new AbortController();
    const reason = new Error('enough');
    const pulled = expect(pull({ signal: aborting.signal })).rejects.toBe(reason);
    await each.requested(1);
    setTimeout(() => aborting.abort(reason), 50);
    await pulled;
    await expect.poll(() => each.isOpen(1)).toBe(false);
    expect((await pull()).body).toHaveLength(declared);
    expect(each.received[1]?.connection).toBe(2);
    expect(getEventListeners(aborting.signal, 'abort')).toEqual([]);
  });

  test('time is up', async () => {
    const each = await start((_request, response) => startBody(response));
    await expect(pull({ timeoutMs: 100 })).rejects.toBeInstanceOf(TimedOutError);
    await expect.poll(() => each.isOpen(1)).toBe(false);
  });

  test('it is longer than it may be, which nobody declared: it is cut, or fails; either way nothing more is read', async () => {
    const each = await start((_request, response) => {
      response.writeHead(500);
      const pour = () => {
        while (!response.destroyed && response.write(half));
      };
      response.on('drain', pour);
      pour();
    });
    const answer = await pull({ limit: { maxBytes: 10, cut: true } });
    expect([answer.status, answer.body.length]).toEqual([500, 10]);
    await expect.poll(() => each.isOpen(1)).toBe(false);
    await expect(pull({ limit: { maxBytes: 10, cut: false } })).rejects.toBeInstanceOf(BodyTooLongError);
    const { connection } = each.received[1]!;
    await expect.poll(() => each.isOpen(connection)).toBe(false);
  });
});

describe('an answer', () => {
  test('with early hints before it and trailers behind it is what is in between', async () => {
    const each = await start((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(200, { trailer: 'x-sum', 'x-log-count': '2' });
      response.write('ab');
      response.addTrailers({ 'x-sum': '9', 'x-log-count': '3' });
      response.end('cd');
    });
    for (let round = 0; round < 2; round++) {
      const { status, headers, body } = await pull();
      expect([status, headers['x-log-count'], headers.link, body.toString()]).toEqual([200, '2', undefined, 'abcd']);
    }
    expect(each.received.map(({ connection }) => connection)).toEqual([1, 1]);
  });

  test('without a body, and one whose end is that of the connection', async () => {
    await start((_request, response, index) => {
      if (index === 0) response.writeHead(204).end();
      else response.socket?.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nto the end');
    });
    expect(await pull()).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    expect((await pull()).body.toString()).toBe('to the end');
  });
});

describe('a request that waits for a connection', () => {
  test('is not sent when its signal aborts, or its time is up, and holds up nobody', async () => {
    const held: ServerResponse[] = [];
    const each = await start((_request, response) => held.push(response));
    const first = pull();
    await each.requested(1);
    const aborting = new AbortController();
    const reason = new Error('enough');
    const second = expect(pull({ signal: aborting.signal })).rejects.toBe(reason);
    const third = expect(pull({ timeoutMs: 50 })).rejects.toBeInstanceOf(TimedOutError);
    const fourth = pull();
    aborting.abort(reason);
    await Promise.all([second, third]);
    held[0]!.end('first');
    expect((await first).body.toString()).toBe('first');
    await each.requested(2);
    held[1]!.end('fourth');
    expect((await fourth).body.toString()).toBe('fourth');
    expect(each.received).toHaveLength(2);
  });

  test('fails when the transport is destroyed, as those under way and those to come do', async () => {
    const each = await start(() => undefined);
    const closed = new Error('closed');
    const waiting = [pull(), pull()].map((sent) => expect(sent).rejects.toBe(closed));
    await each.requested(1);
    await transport!.destroy(closed);
    await Promise.all(waiting);
    await expect(pull()).rejects.toThrow();
  });
});
