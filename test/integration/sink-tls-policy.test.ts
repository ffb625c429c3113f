/** What a reviewer asks of TLS: versions, ciphers, authorities, names, pins and revocation, against real TLS servers. */
import { execFile } from 'node:child_process';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTlsSettings } from '../../src/sink/tls/tls-settings.ts';
import {
  type Authority,
  createAuthority,
  createIssuingAuthority,
  type Identity,
  issue,
  revocationList,
} from '../support/receivers/certificates.ts';
import { eventually, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';
import { createTlsPairs } from '../support/receivers/tls-pairs.ts';

const scope = useSinkScope();
const { create, expectDelivery, expectRefusal } = createTlsPairs(scope);

let root: Authority;
let issuing: Authority;
let otherAuthority: Authority;
/** Of the root, and of the issuing authority below it. */
let server: Identity;
let below: Identity;
let rsaServer: Identity;

beforeAll(async () => {
  [root, otherAuthority] = await Promise.all([createAuthority('root'), createAuthority('other')]);
  issuing = await createIssuingAuthority(root, 'issuing');
  const names = { dnsNames: ['siem.test'], ipAddresses: ['127.0.0.1'] };
  [server, below, rsaServer] = await Promise.all([
    issue(root, { commonName: 'siem', ...names }),
    issue(issuing, { commonName: 'below', ...names }),
    issue(root, { commonName: 'rsa', keyType: 'rsa', ...names }),
  ]);
});

describe('ciphers', () => {
  // The first is TLS_RSA_WITH_AES_128_CBC_SHA, as the IANA registry has it.
  it.each(['AES128-SHA', 'AES128-GCM-SHA256', 'ECDHE-RSA-AES128-SHA', 'DHE-RSA-AES128-GCM-SHA256'])(
    'by default are not offered without forward secrecy and authenticated encryption: %s',
    async (ciphers) => {
      const weak = {
        identity: rsaServer,
        server: { ciphers, maxVersion: 'TLSv1.2' as const, dhparam: 'auto' as const },
      };
      await expectRefusal({ ...weak, tls: { ca: root.pem } }, 'tls-handshake-refused', /--tls-ciphers/);
      // The server has it: who asks for it gets it.
      await expectDelivery({ ...weak, tls: { ca: root.pem, ciphers } });
    },
  );

  it('that are given are the only ones of TLS 1.2, and TLS 1.3 keeps its own', async () => {
    const tls = { ca: root.pem, ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' };
    const only = { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' as const };
    await expectRefusal({ identity: rsaServer, server: only, tls }, 'tls-handshake-refused', /--tls-ciphers/);
    const { told } = await expectDelivery({ identity: rsaServer, tls });
    expect(told()[0]?.fields).toMatchObject({ tls: 'TLSv1.3' });
  });

  it('of TLS 1.3 alone leave no other version', async () => {
    const tls = { ca: root.pem, ciphers: 'TLS_AES_128_GCM_SHA256' };
    const { told } = await expectDelivery({ identity: server, tls });
    expect(told()[0]?.fields).toMatchObject({ tls: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' });
    await expectRefusal(
      { identity: server, server: { maxVersion: 'TLSv1.2' }, tls },
      'tls-version',
      /no common TLS version/,
    );
  });
});

describe('the lowest version', () => {
  it('of 1.3 refuses a receiver that has 1.2', async () => {
    const tls = { ca: root.pem, minVersion: 'TLSv1.3' as const };
    await expectRefusal(
      { identity: server, server: { maxVersion: 'TLSv1.2' }, tls },
      'tls-version',
      /--tls-min-version/,
    );
    await expectDelivery({ identity: server, tls });
  });
});

describe('what Node was started with', () => {
  const offered = async (...flags: string[]) => {
    const script = `
      import { offerOptions, offerProblems } from './src/sink/tls/tls-offer.ts';
      console.log(JSON.stringify({ ...offerOptions({}), problems: offerProblems({ minVersion: 'TLSv1.3' }).length }));`;
    const args = [...flags, '--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as { minVersion: string; ciphers: string; problems: number };
  };

  it('holds where it is the stricter one: --tls-min-v1.3', async () => {
    expect(await offered('--tls-min-v1.3')).toMatchObject({ minVersion: 'TLSv1.3', problems: 0 });
    expect(await offered('--tls-min-v1.0')).toMatchObject({ minVersion: 'TLSv1.2', problems: 0 });
  });

  it('narrows the ciphers: --tls-cipher-list', async () => {
    const { ciphers } = await offered('--tls-cipher-list=ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA');
    expect(ciphers).toMatch(/:ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:!kRSA/);
  });

  it('is a problem of the configuration where nothing is left: --tls-max-v1.2 and a lowest version of 1.3', async () => {
    expect(await offered('--tls-max-v1.2')).toMatchObject({ problems: 1 });
  });
});

describe('an issuing authority alone as --ca', () => {
  it.each([
    ['with its certificate sent along', () => Buffer.concat([below.cert, Buffer.from('\n'), issuing.pem])],
    ['with the leaf alone sent', () => below.cert],
  ])('is enough, %s', async (_, cert) => {
    await expectDelivery({ identity: { ...below, cert: cert() }, tls: { ca: issuing.pem } });
  });

  it('does not vouch for what others have issued', async () => {
    await expectRefusal({ identity: server, tls: { ca: issuing.pem } }, 'tls-unknown-ca', /CN=root.*--ca/);
  });

  it('does not make the certificate of a stranger, who calls himself so, a good one', async () => {
    const impostor = await createAuthority('issuing');
    const forged = await issue(impostor, { commonName: 'below', ipAddresses: ['127.0.0.1'] });
    await expectRefusal({ identity: forged, tls: { ca: issuing.pem } }, 'tls-chain', /cannot be trusted/);
  });
});

describe('the server name', () => {
  const nameFor = (host: string, serverName?: string) =>
    createTlsSettings({ host, tls: serverName === undefined ? {} : { serverName } }).connect.servername;

  it('is sent without the dot that a full name ends in, and the certificate is checked without it', async () => {
    const { peer, under } = await create({ identity: server, tls: { ca: root.pem }, host: 'siem.test.' });
    await under.sink.start(never);
    expect(((await peer.connection(0)).socket as TLSSocket).servername).toBe('siem.test');
  });

  it.each(['127.0.0.1', '::1', 'fe80::1%eth0', '127.1', '0x7f000001', '2130706433'])('is none for %s', (host) => {
    expect(nameFor(host)).toBeUndefined();
    expect(nameFor('siem.test', host)).toBeUndefined();
  });

  it.each(['siem', 'siem.test', '1.siem.test', 'a1'])('is %s', (host) => {
    expect(nameFor(host)).toBe(host);
    expect(nameFor(`${host}.`)).toBe(host);
  });
});

describe('--insecure with --fingerprint', () => {
  it('keeps the pin, and asks nothing else', async () => {
    const fingerprints = [server.fingerprint];
    const elsewhere = { identity: server, host: 'elsewhere.test' };
    const under = await expectDelivery({ ...elsewhere, tls: { insecure: true, fingerprints, ca: otherAuthority.pem } });
    expect(under.told().map(({ message }) => message)).toEqual(['connected to the receiver']);
    const wrong = { insecure: true, fingerprints: [below.fingerprint] };
    await expectRefusal({ identity: server, tls: wrong }, 'tls-fingerprint', /none of the given fingerprints/);
  });
});

describe('revocation lists', () => {
  it('refuse a certificate that is on one, and no other', async () => {
    const crl = await revocationList(root, [server]);
    await expectRefusal({ identity: server, tls: { ca: root.pem, crl } }, 'tls-revoked', /is revoked.*--crl/);
    await expectDelivery({ identity: rsaServer, tls: { ca: root.pem, crl } });
  });

  it('count for every authority, all of one file', async () => {
    const ca = Buffer.concat([root.pem, Buffer.from('\n'), issuing.pem]);
    const good = Buffer.concat([await revocationList(root), await revocationList(issuing)]);
    const bad = Buffer.concat([await revocationList(root), await revocationList(issuing, [below])]);
    await expectDelivery({ identity: below, tls: { ca, crl: good } });
    await expectRefusal({ identity: below, tls: { ca, crl: bad } }, 'tls-revoked', /is revoked/);
    const half = await revocationList(root);
    await expectRefusal({ identity: below, tls: { ca, crl: half } }, 'tls-crl', /no list of one of the authorities/);
  });

  it('that are out of date, or signed by somebody else, let nobody pass', async () => {
    const old = await revocationList(root, [], new Date(Date.now() - 60_000));
    await expectRefusal({ identity: server, tls: { ca: root.pem, crl: old } }, 'tls-crl-expired', /out of date/);
    const forged = await revocationList({ ...root, keys: otherAuthority.keys });
    await expectRefusal(
      { identity: server, tls: { ca: root.pem, crl: forged } },
      'tls-crl',
      /not signed by the authority/,
    );
  });

  it('are looked at with each connection: no session is resumed', async () => {
    const crl = await revocationList(root);
    const { peer, under } = await create({ identity: server, tls: { ca: root.pem, crl } });
    await under.sink.start(never);
    (await peer.connection(0)).reset();
    await eventually(() => expect(under.sink.status.reconnects).toBe(1));
    expect(((await peer.connection(1)).socket as TLSSocket).isSessionReused()).toBe(false);
  });
});
