import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import {
  createReceiver,
  type ReceivedMessage,
  type Receiver,
  type ReceiverOptions,
} from '../../src/receiver/receiver.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { eventually } from '../support/receivers/sink-harness.ts';

const open: Receiver[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((receiver) => receiver.close()));
});

async function start(options: Partial<ReceiverOptions> = {}) {
  const messages: string[] = [];
  const problems: string[] = [];
  const receiver = createReceiver({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: 0,
    onMessage: ({ bytes }: ReceivedMessage) => messages.push(Buffer.from(bytes).toString()),
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  open.push(receiver);
  const { port } = await receiver.start();
  return { receiver, port, messages, problems };
}

/** Writes, ends, and waits for the other end. @returns what broke the connection, if anything did */
function sendAll(socket: Socket, data: string | Buffer): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let error: Error | undefined;
    socket.on('error', (thrown) => {
      error = thrown;
    });
    socket.on('close', () => resolve(error));
    socket.resume();
    socket.end(data);
  });
}

describe('a receiver over TCP', () => {
  it('reads everything up to the client’s end before it ends its own side', async () => {
    const { receiver, port, messages } = await start();
    const message = `<14>1 - h a - - - ${'x'.repeat(500)}||seq=0-`;
    const texts = Array.from({ length: 20_000 }, (_, n) => `${message}${n}`);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let endedWith = -1;
    socket.on('end', () => {
      endedWith = receiver.stats().messages;
    });
    expect(await sendAll(socket, texts.map((each) => `${each.length} ${each}`).join(''))).toBeUndefined();
    expect(endedWith).toBe(20_000);
    expect(messages.at(-1)).toBe(texts.at(-1));
    expect(receiver.stats()).toMatchObject({
      messages: 20_000,
      bytes: texts.reduce((sum, each) => sum + each.length, 0),
      connections: 1,
      malformed: 0,
      unfinished: 0,
      sequence: { unique: 20_000, duplicate: 0, missing: 0, outOfOrder: 0, unnumbered: 0 },
    });
  });

  it('finds out the framing of each connection', async () => {
    const { port, messages } = await start();
    await sendAll(connect(port, '127.0.0.1'), '<14>a line\n<14>another\n');
    await sendAll(connect(port, '127.0.0.1'), '10 <14>counted');
    await eventually(() => expect(messages).toEqual(['<14>a line', '<14>another', '<14>counte']));
  });

  it('gives a connection up whose framing is broken, and says why', async () => {
    const { receiver, port, messages, problems } = await start({ framing: 'octet-counting' });
    await sendAll(connect(port, '127.0.0.1'), '5 <14>a<14>no length');
    await eventually(() =>
      expect(receiver.stats()).toMatchObject({ framingErrors: 1, openConnections: 0, unfinished: 0 }),
    );
    expect(messages).toEqual(['<14>a']);
    expect(problems[0]).toMatch(
      /'<' \(0x3c\) where a message's length should be, at byte 7 .*; closing the connection/,
    );
  });

  it('counts a message whose end never came', async () => {
    const { receiver, port } = await start();
    await sendAll(connect(port, '127.0.0.1'), '5 <14>a9 <14>');
    const socket = connect(port, '127.0.0.1');
    socket.write('5 <14>b20 <14>');
    await eventually(() => expect(receiver.stats().messages).toBe(2));
    socket.resetAndDestroy();
    await eventually(() => expect(receiver.stats()).toMatchObject({ unfinished: 2, openConnections: 0 }));
  });

  it('parses strictly when it is asked to, by the RFC that a message claims', async () => {
    const parsed: (string | undefined)[] = [];
    const { receiver, port } = await start({
      rfc: 'any',
      onMessage: (message) =>
        parsed.push(message.parsed?.isValid ? message.parsed.rfc : `byte ${message.parsed?.offset}`),
    });
    await sendAll(
      connect(port, '127.0.0.1'),
      '<14>1 - h a - - - x\n<14>Oct 11 22:14:15 h t: x\n<14>1 - h a - - x\n<14>garbage\nx\n',
    );
    await eventually(() => expect(parsed).toEqual(['5424', '3164', 'byte 16', 'byte 4', 'byte 0']));
    expect(receiver.stats()).toMatchObject({ messages: 5, malformed: 3 });
    expect(Object.values(receiver.stats().malformedByRule)).toEqual([1, 1, 1]);
  });

  it('says so when the port is taken', async () => {
    const { port } = await start();
    const second = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port });
    await expect(second.start()).rejects.toThrow(AppError);
    await expect(second.start()).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: another program has the port/);
    await second.close();
  });

  it('ends open connections when it is closed', async () => {
    const { receiver, port } = await start();
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    await eventually(() => expect(receiver.stats().openConnections).toBe(1));
    await receiver.close();
    await closed;
    await eventually(() => expect(receiver.stats().openConnections).toBe(0));
  });
});

describe('a receiver over TLS', () => {
  it('takes messages, and asks for a client certificate when it has an authority', async () => {
    const authority = await createAuthority('CA');
    const { cert, key } = await issue(authority, { commonName: 'r', ipAddresses: ['127.0.0.1'] });
    const client = await issue(authority, { commonName: 'c' });
    const tls = { cert, key, clientCa: authority.pem };
    const { receiver, port, messages } = await start({ protocol: 'tls', tls });
    const to = { port, host: '127.0.0.1', ca: authority.pem };
    await sendAll(connectTls({ ...to, cert: client.cert, key: client.key }), '5 <14>a');
    await eventually(() => expect(messages).toEqual(['<14>a']));
    const refusal = await sendAll(connectTls(to), '5 <14>b');
    expect(refusal?.message).toMatch(/certificate required/);
    expect(messages).toEqual(['<14>a']);
    expect(receiver.stats().connections).toBe(1);
  });

  it('refuses a certificate that is none', () => {
    const junk = Buffer.from('junk');
    const create = () =>
      createReceiver({ protocol: 'tls', host: '127.0.0.1', port: 0, tls: { cert: junk, key: junk } });
    expect(create).toThrow(/both have to be PEM, and belong together/);
  });
});

describe('a receiver over UDP', () => {
  it('takes a datagram for a message, whatever is in it', async () => {
    const { receiver, port, messages } = await start({ protocol: 'udp' });
    const socket = createSocket('udp4');
    for (const text of ['<14>one\ntwo', '5 <14>a', '']) {
      await new Promise<void>((resolve) => socket.send(text, port, '127.0.0.1', () => resolve()));
    }
    await eventually(() => expect(messages).toEqual(['<14>one\ntwo', '5 <14>a', '']));
    socket.close();
    expect(receiver.stats()).toMatchObject({ messages: 3, connections: 0 });
  });
});
