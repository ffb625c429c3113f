/** Reads flags of the command; `problems` gets what is wrong with them. */
import { readFileSync } from 'node:fs';
import type { ReceiverTlsOptions } from '../../receiver/listener.ts';
import type { ReceiverFlags } from './served.ts';

export function readNumber(flag: string, value: string, min: number, max: number, problems: string[]): number {
  const number = Number(value);
  if (/^\d{1,12}$/.test(value) && number >= min && number <= max) return number;
  problems.push(`${flag} ${value} is not a whole number from ${min} to ${max}`);
  return min;
}

/**
 * Reads `--cert`, `--key` and `--client-ca`.
 * @param tls whether the receiver speaks TLS; `with --cert`: where one of these flags is given
 */
export function readTls(
  flags: ReceiverFlags,
  tls: 'never' | 'always' | 'with --cert',
  problems: string[],
): { tls?: ReceiverTlsOptions } {
  const cert = readFile('--cert', flags.cert, problems);
  const key = readFile('--key', flags.key, problems);
  const clientCa = readFile('--client-ca', flags.clientCa, problems);
  const given = { '--cert': flags.cert, '--key': flags.key, '--client-ca': flags.clientCa };
  const isTls = tls === 'always' || (tls === 'with --cert' && Object.values(given).some((file) => file !== undefined));
  for (const [flag, file] of Object.entries(given)) {
    if (isTls && flag !== '--client-ca' && file === undefined) {
      problems.push(
        `${flag} is missing: ${tls === 'always' ? `--proto ${flags.proto}` : 'HTTPS'} needs a certificate and its key`,
      );
    }
    if (!isTls && file !== undefined) problems.push(`${flag} is only for --proto tls and hec`);
  }
  return isTls && cert && key ? { tls: { cert, key, ...(clientCa && { clientCa }) } } : {};
}

function readFile(flag: string, path: string | undefined, problems: string[]): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    problems.push(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
