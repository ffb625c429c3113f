import { connect as connectPlain, createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/time/clock.ts';
import type { ReceiverTlsOptions } from '../../src/sink/tls/tls-options.ts';
import { type Authority, createAuthority, type Identity, issue } from '../support/receivers/certificates.ts';
import { eventually, listen, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';
import { createTlsPairs, type TlsCase } from '../support/receivers/tls-pairs.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const scope = useSinkScope();
const { createPeer, createSink, onEnd } = scope;

let authority: Authority;
let otherAuthority: Authority;
let server: Identity;
let client: Identity;

beforeAll(async () => {
  [authority, otherAuthority] = await Promise.all([createAuthority('our CA'), createAuthority('other CA')]);
  server = await issue(authority, {
    commonName: 'siem',
    dnsNames: ['siem.test', '*.wild.test'],
    ipAddresses: ['127.0.0.1'],
  });
  client = await issue(authority, { commonName: 'shipper' });
});

/** The receiver is `server`, and its authority is given, unless the case says otherwise. */
type Case = Partial<TlsCase>;
const pairs = createTlsPairs(scope);
const filled = (each: Case): TlsCase => ({ identity: server, ...each, tls: { ca: authority.pem, ...each.tls } });
const createPair = (each: Case) => pairs.create(filled(each));
const expectDelivery = (each: Case) => pairs.expectDelivery(filled(each));
const expectRefusal = (each: Case, code: string, message: RegExp) => pairs.expectRefusal(filled(each), code, message);

describe('a receiver with a good certificate', () => {
  it('is written to over TLS 1.3, and its certificate is in the log', async () => {
    const { told } = await expectDelivery({ server: { minVersion: 'TLSv1.3' } });
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatchObject({
      level: 'info',
      message: 'connected to the receiver',
      fields: {
        tls: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_/),
        resumed: false,
        subject: 'CN=siem, O=sls-syslog tests',
        issuer: 'CN=our CA, O=sls-syslog tests',
        validTo: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    });
  });

  it('is written to over TLS 1.2', async () => {
    const { told } = await expectDelivery({ server: { maxVersion: 'TLSv1.2' } });
    expect(told()[0]?.fields).toMatchObject({ tls: 'TLSv1.2' });
  });

  it.each(['siem.test', 'a.wild.test'])('may be called %s', async (host) => {
    let sni: string | undefined;
    await expectDelivery({
      host,
      server: {
        SNICallback: (name, callback) => {
          sni = name;
          callback(null);
        },
      },
    });
    expect(sni).toBe(host);
  });

  it('is asked for no name when it is an IP address', async () => {
    const names: (string | false | null)[] = [];
    const { cert, key } = server;
    const peer = await createPeer({
      tls: { cert, key },
      onConnection: (socket) => {
        names.push((socket as TLSSocket).servername ?? null);
        socket.resume();
        socket.on('end', () => socket.end());
      },
    });
    const under = createSink({ protocol: 'tls', port: peer.port, tls: { ca: authority.pem } });
    await under.sink.start(never);
    await under.sink.drain(10_000);
    expect(names).toEqual([false]);
  });

  it('may be reached by another name than the one to check', async () => {
    await expectDelivery({ host: 'tunnel.test', tls: { serverName: 'siem.test' } });
  });

  it('may ask for our certificate', async () => {
    const { cert, key } = client;
    const tls = { cert, key };
    await expectDelivery({ tls, server: { requestCert: true, rejectUnauthorized: true, ca: authority.pem } });
    await expectDelivery({
      tls,
      server: { requestCert: true, rejectUnauthorized: true, ca: authority.pem, maxVersion: 'TLSv1.2' },
    });
  });

  it('is warned about within 30 days of its expiry, once a day', async () => {
    const soon = await issue(authority, {
      commonName: 'soon',
      ipAddresses: ['127.0.0.1'],
      notAfter: new Date(Date.now() + 10.5 * DAY_MS),
    });
    const { peer, under } = await createPair({ identity: soon });
    await under.sink.start(never);
    (await peer.connection(0)).reset();
    await eventually(() => expect(under.sink.status.reconnects).toBe(1));
    const warnings = under.told().filter(({ message }) => message.includes('certificate'));
    expect(warnings.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "warn: the receiver's certificate expires in 10 days; renew it before, or nothing is sent",
    ]);
  });
});

describe('a receiver with a certificate that is wrong', () => {
  it('by an authority that is not known', async () => {
    await expectRefusal({ tls: { ca: otherAuthority.pem } }, 'tls-unknown-ca', /not trusted here \(CN=our CA.*--ca/);
  });

  it('by an authority that is not one of the built-in ones', async () => {
    const { cert, key } = server;
    const peer = await createPeer({ tls: { cert, key } });
    const under = createSink({ protocol: 'tls', port: peer.port });
    under.sink.start(never).catch(() => undefined);
    await eventually(() => expect(under.sink.status.lastError).toMatch(/authority that is not trusted here/));
    expect(under.told()[0]?.fields).toMatchObject({ code: 'tls-unknown-ca' });
  });

  it('for another name', async () => {
    await expectRefusal(
      { host: 'elsewhere.test' },
      'tls-wrong-name',
      /is not for elsewhere\.test; it is for DNS:siem\.test, DNS:\*\.wild\.test, IP Address:127\.0\.0\.1.*--server-name/,
    );
  });

  it('for a wildcard that is one label short, or one too many', async () => {
    await expectRefusal({ host: 'wild.test' }, 'tls-wrong-name', /not for wild\.test/);
    await expectRefusal({ host: 'a.b.wild.test' }, 'tls-wrong-name', /not for a\.b\.wild\.test/);
  });

  it('for another address', async () => {
    const elsewhere = await issue(authority, { commonName: '127.0.0.1', ipAddresses: ['192.0.2.7'] });
    await expectRefusal({ identity: elsewhere }, 'tls-wrong-name', /it is for IP Address:192\.0\.2\.7/);
  });

  it('that has expired', async () => {
    const expired = await issue(authority, {
      commonName: 'old',
      ipAddresses: ['127.0.0.1'],
      notBefore: new Date(Date.now() - 9 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    });
    await expectRefusal({ identity: expired }, 'tls-certificate-expired', /\(CN=old, .*\) expired at \d{4}-/);
  });

  it('that is not yet valid', async () => {
    const early = await issue(authority, {
      commonName: 'early',
      ipAddresses: ['127.0.0.1'],
      notBefore: new Date(Date.now() + DAY_MS),
    });
    await expectRefusal({ identity: early }, 'tls-certificate-not-yet-valid', /not valid before .*check the clocks/);
  });

  it('is written to all the same with insecure, and a warning at each connect', async () => {
    const insecure = { insecure: true, ca: otherAuthority.pem };
    const { told } = await expectDelivery({ tls: insecure, host: 'elsewhere.test' });
    expect(told().map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the receiver is NOT verified (--insecure): anybody may be reading this',
      'info: connected to the receiver',
    ]);
  });
});

describe('fingerprints', () => {
  it.each([
    ['with colons and a prefix', (fingerprint: string) => `sha256:${fingerprint}`],
    ['as plain hex', (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase()],
  ])('are enough by themselves, %s', async (_, write) => {
    const { cert, key } = server;
    const peer = await createPeer({ tls: { cert, key } });
    const fingerprints = ['00'.repeat(32), write(server.fingerprint)];
    const under = createSink({ protocol: 'tls', port: peer.port, tls: { fingerprints } });
    await under.sink.start(never);
    await under.send(1, ['pinned']);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(peer.text()).toBe('pinned');
  });

  it('refuse another certificate, and show its own', async () => {
    await expectRefusal(
      { tls: { fingerprints: ['00'.repeat(32)] } },
      'tls-fingerprint',
      new RegExp(`its own is sha256:${server.fingerprint}`),
    );
  });

  it('do not replace a CA that is given too', async () => {
    const fingerprints = [server.fingerprint];
    await expectDelivery({ tls: { fingerprints } });
    await expectRefusal({ tls: { fingerprints, ca: otherAuthority.pem } }, 'tls-unknown-ca', /not trusted here/);
  });
});

describe('session resumption', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('saves the handshake of a reconnect, %s', async (version) => {
    const { peer, under } = await createPair({ server: { minVersion: version, maxVersion: version } });
    await under.sink.start(never);
    await under.send(1, ['x']);
    (await peer.connection(0)).reset();
    await eventually(() => expect(under.sink.status.reconnects).toBe(1));
    const { socket } = await peer.connection(1);
    expect((socket as TLSSocket).isSessionReused()).toBe(true);
    await under.send(2, ['resumed']);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(peer.connections[1]?.text()).toBe('resumed');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('does not go around the check, %s', async (version) => {
    let nowMs = Date.now();
    const { cert, key } = server;
    const peer = await createPeer({ tls: { cert, key, minVersion: version, maxVersion: version } });
    const under = createSink({
      protocol: 'tls',
      port: peer.port,
      tls: { ca: authority.pem, fingerprints: [server.fingerprint] },
      clock: { ...systemClock, now: () => nowMs },
    });
    await under.sink.start(never);
    (await peer.connection(0)).reset();
    await eventually(() => expect(under.sink.status.reconnects).toBe(1));
    expect(((await peer.connection(1)).socket as TLSSocket).isSessionReused()).toBe(true);
    // Expired by our clock; a session's certificate is not looked at by the library again.
    nowMs += 400 * DAY_MS;
    (await peer.connection(1)).reset();
    await eventually(() => expect(under.sink.status.lastError).toMatch(/expired at/));
    const handshakes = under.lines.filter(({ message }) => message.startsWith('TLS handshake done'));
    expect(handshakes.slice(0, 3).map(({ fields }) => fields.resumed)).toEqual([false, true, true]);
  });
});

describe('a handshake that fails', () => {
  it('names the client certificate that is missing, TLS 1.3, and nothing is sent before it is refused', async () => {
    await expectRefusal(
      { server: { requestCert: true, rejectUnauthorized: true, ca: authority.pem, minVersion: 'TLSv1.3' } },
      'tls-client-certificate-required',
      /wants a client certificate; give one with --cert and --key/,
    );
  });

  it('names the client certificate that is missing, TLS 1.2', async () => {
    await expectRefusal(
      { server: { requestCert: true, rejectUnauthorized: true, ca: authority.pem, maxVersion: 'TLSv1.2' } },
      'tls-handshake-refused',
      /refused the handshake: it wants a client certificate/,
    );
  });

  it('is refused below TLS 1.2', async () => {
    await expectRefusal(
      { server: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } },
      'tls-version',
      /the receiver has to offer TLS 1\.2 or 1\.3/,
    );
  });

  it('says so when the port does not speak TLS', async () => {
    const plain = createServer((socket) => socket.on('error', () => undefined).end('220 not TLS at all\r\n'));
    const port = await listen(plain);
    onEnd(() => plain.close());
    const under = createSink({ protocol: 'tls', port });
    under.sink.start(never).catch(() => undefined);
    await eventually(() => expect(under.sink.status.lastError).toMatch(/does not speak TLS on this port/));
  });

  it('is bounded in time', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    const port = await listen(silent);
    onEnd(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const under = createSink({ protocol: 'tls', port, connectTimeoutMs: 50 });
    under.sink.start(never).catch(() => undefined);
    await eventually(() => expect(under.sink.status.lastError).toMatch(/TLS handshake was not done within 0\.05 s/));
  });
});

describe('settings', () => {
  const options = (tls: ReceiverTlsOptions) => () => createSink({ protocol: 'tls', port: 1, tls });
  const junk = Buffer.from('not PEM');

  it.each([
    ['a CA that is none', () => ({ ca: junk }), /--ca has no readable certificate/],
    ['a certificate that is none', () => ({ cert: junk, key: client.key }), /--cert has no readable certificate/],
    ['a key that is none', () => ({ cert: client.cert, key: junk }), /--key cannot be read/],
    ['a certificate without its key', () => ({ cert: client.cert }), /--cert is given without --key/],
    ['a key without its certificate', () => ({ key: client.key }), /--key is given without --cert/],
    ['a key of another certificate', () => ({ cert: client.cert, key: server.key }), /--key does not belong/],
    ['a fingerprint that is none', () => ({ fingerprints: ['sha1:AB'] }), /--fingerprint sha1:AB is not a SHA-256/],
  ])('refuse %s', (_, tls, message) => {
    expect(options(tls())).toThrow(ConfigError);
    expect(options(tls())).toThrow(message);
  });
});

describe('closing', () => {
  it('sends close_notify and FIN behind every byte, with the session tickets read, and no reset', async () => {
    // Between the two is a wire of our own, which sees what TLS cannot show: a FIN, or a reset.
    const { cert, key } = server;
    const peer = await createPeer({ tls: { cert, key, minVersion: 'TLSv1.3' }, keep: false });
    const seen: string[] = [];
    const wire = createServer({ allowHalfOpen: true }, (inbound) => {
      const outbound = connectPlain({ port: peer.port, host: '127.0.0.1', allowHalfOpen: true });
      inbound.on('end', () => seen.push('FIN from us')).on('error', (error) => seen.push(`us: ${error.message}`));
      outbound
        .on('end', () => seen.push('FIN from the peer'))
        .on('error', (error) => seen.push(`peer: ${error.message}`));
      inbound.pipe(outbound).pipe(inbound);
    });
    const port = await listen(wire);
    onEnd(() => wire.close());
    const under = createSink({ protocol: 'tls', port, tls: { ca: authority.pem } });
    await under.sink.start(never);
    const chunk = Buffer.alloc(512 * 1024);
    await under.send(1, ...Array.from({ length: 40 }, () => chunk));
    expect(await under.sink.drain(20_000)).toBe(true);
    const [connection] = peer.connections;
    expect(connection?.bytes).toBe(40 * chunk.length);
    expect(connection?.sawEnd).toBe(true);
    expect(seen).toEqual(['FIN from us', 'FIN from the peer']);
  });
});
