/** What a configuration may say, but not silently. Pure. */
import type { Config, ReplayConfig } from '../model/config.ts';

export function warningsAbout({ service, message, receiver, delivery }: Config | ReplayConfig): readonly string[] {
  const warnings: string[] = [];
  if (receiver.tls?.insecure) {
    warnings.push(
      receiver.tls.fingerprints.length > 0
        ? "insecure: of the receiver's certificate only its fingerprint is verified, and neither its dates, its name nor who issued it"
        : "insecure: the receiver's certificate is not verified; whoever is on the path can read and change every message",
    );
  }
  if (receiver.protocol === 'udp') {
    warnings.push(
      'udp is best effort: a datagram that is lost on the way is lost for good; use tcp or tls for delivery',
    );
  }
  if (receiver.protocol !== 'udp' && delivery.confirm === 'off') {
    warnings.push(
      'confirm is off: checkpoints follow the local kernel; a receiver that dies loses what it had not read',
    );
  }
  if (receiver.protocol === 'tls' && receiver.framing === 'lf') {
    warnings.push('line framing over TLS is outside RFC 5425; use it only with a receiver that reads nothing else');
  }
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
