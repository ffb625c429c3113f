/** What a configuration may say, but not silently. Pure. */
import type { Config, ReplayConfig } from '../model/config.ts';
import { receiverWarnings } from '../receivers/kinds.ts';

export function warningsAbout({ service, message, receiver, delivery }: Config | ReplayConfig): readonly string[] {
  const warnings = [...receiverWarnings(receiver, delivery)];
  if (service?.endpoint.startsWith('http:') && !isLoopback(service.endpoint)) {
    warnings.push(`the endpoint ${service.endpoint} is not encrypted: logs cross the network in clear text`);
  }
  if (
    message.rfc === '3164' &&
    typeof message.tag === 'string' &&
    message.tag !== '-' &&
    /[^A-Za-z0-9]/.test(message.tag)
  ) {
    warnings.push('a TAG of RFC 3164 is alphanumeric: other characters of the tag are left out');
  }
  return warnings;
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
