/**
 * Writes an authority, a server's and a client's certificate to a directory, to try TLS out by hand:
 *
 *     npx tsx certs/make-certificates.ts DIR [NAME…]
 *
 * The server's certificate is for localhost, 127.0.0.1, ::1, and every NAME (a host name or an address).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createAuthority, issue } from '../test/support/receivers/certificates.ts';

const [directory, ...names] = process.argv.slice(2);
if (directory === undefined || directory.startsWith('-')) {
  console.error('usage: npx tsx certs/make-certificates.ts DIR [NAME…]');
  process.exitCode = 2;
} else {
  await writeAll(directory, names);
}

async function writeAll(directory: string, names: readonly string[]): Promise<void> {
  const authority = await createAuthority('sls-syslog test CA');
  const server = await issue(authority, {
    commonName: names[0] ?? 'localhost',
    dnsNames: ['localhost', ...names.filter((name) => isIP(name) === 0)],
    ipAddresses: ['127.0.0.1', '::1', ...names.filter((name) => isIP(name) !== 0)],
  });
  const client = await issue(authority, { commonName: 'sls-syslog client' });
  await mkdir(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  await writeFile(at('ca.pem'), authority.pem);
  await writeFile(at('server.pem'), server.cert);
  await writeFile(at('server-key.pem'), server.key, { mode: 0o600 });
  await writeFile(at('client.pem'), client.cert);
  await writeFile(at('client-key.pem'), client.key, { mode: 0o600 });
  console.log(`Written to ${directory}: ca.pem, server.pem, server-key.pem, client.pem, client-key.pem

  sls-syslog receiver --proto tls --port 6514 --cert ${at('server.pem')} --key ${at('server-key.pem')} --client-ca ${at('ca.pem')}
  sls-syslog --proto tls --host localhost --port 6514 --ca ${at('ca.pem')} --cert ${at('client.pem')} --key ${at('client-key.pem')}

The server's fingerprint: sha256:${server.fingerprint}`);
}
