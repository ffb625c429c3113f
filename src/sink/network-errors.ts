/** What Node and the kernel say about a connection, in words that tell an operator what to look at. */
import { AppError } from '../core/errors.ts';

interface ErrorTexts {
  readonly [code: string]: string;
}

const texts: ErrorTexts = {
  ECONNREFUSED: 'connection refused: nothing listens there; check the port, and that the receiver runs',
  ECONNRESET: 'the receiver reset the connection',
  EPIPE: 'the receiver closed the connection',
  ETIMEDOUT: 'no answer in time; check the address, and the firewalls on the way',
  EHOSTUNREACH: 'no route to the host, or the host is down',
  ENETUNREACH: 'no route to the network',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local address or port is free for the connection',
  EACCES: 'the local system does not allow it',
  EPERM: 'the local system does not allow it; check its firewall rules',
  EMFILE: 'out of file descriptors; raise the limit (ulimit -n)',
  ENFILE: 'the system is out of file descriptors',
  ENOTFOUND: 'the host name is not known; check its spelling, and the DNS',
  EAI_AGAIN: 'the DNS does not answer',
};

export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** A connection that did not come about, or that broke. */
export function networkError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof AggregateError) return severalAddresses(thrown);
  const code = errorCode(thrown);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const text = code === undefined ? undefined : texts[code];
  return new AppError(text === undefined ? said : `${text} (${said})`, {
    code: code === undefined ? 'connection' : code.toLowerCase().replaceAll('_', '-'),
    action: 'retry',
    cause: thrown,
  });
}

/** Every address of a name was tried: each with what it said. */
function severalAddresses(thrown: AggregateError): AppError {
  const each = thrown.errors.map((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const first = errorCode(thrown) ?? errorCode(thrown.errors[0]);
  const text = first === undefined ? undefined : texts[first];
  return new AppError(`${text ?? 'none of the addresses can be reached'} (${each.join('; ')})`, {
    code: first === undefined ? 'connection' : first.toLowerCase().replaceAll('_', '-'),
    action: 'retry',
    cause: thrown,
  });
}

export function connectionError(code: string, message: string): AppError {
  return new AppError(message, { code, action: 'retry' });
}
