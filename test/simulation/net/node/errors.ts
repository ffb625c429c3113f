/** Errors as Node makes them of what the kernel says. */
import { constants } from 'node:os';
import type { Address } from '../kernel/segment.ts';

export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
  address?: string;
  port?: number;
}

export function systemError(code: string, syscall: string, at?: Address): SystemError {
  const where = at ? ` ${at.address}:${at.port}` : '';
  const errno = -((constants.errno as Readonly<Record<string, number>>)[code] ?? 0);
  return Object.assign(new Error(`${syscall} ${code}${where}`), { errno, code, syscall, ...at });
}

export function notFound(hostname: string): SystemError {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  return Object.assign(error, { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname });
}

/** None of several addresses. */
export function severalErrors(errors: readonly SystemError[]): AggregateError {
  return Object.assign(new AggregateError(errors), { code: errors[0]?.code });
}
