/** A syslog receiver: from the flat values to its part of the configuration, and what such a part may say, but not silently. */
import type { DeliveryConfig } from '../model/config.ts';
import type { SyslogReceiverConfig, TlsConfig } from '../model/receivers.ts';
import type { receiverSettings } from '../settings/receiver-settings.ts';
import type { Values } from '../settings/settings.ts';
import type { TlsFilesGiven } from '../sources/tls-files.ts';

export type ReceiverValues = Pick<Values, keyof typeof receiverSettings>;

export function syslogReceiver(values: ReceiverValues, tlsFiles: TlsFilesGiven): SyslogReceiverConfig {
  const [first, ...others] = values.host.map(({ host, port = values.port }) => ({ host, port }));
  if (first === undefined) throw new TypeError('a list that is required is never empty');
  return {
    kind: 'syslog',
    protocol: values.proto,
    ...first,
    ...(others.length > 0 && { others }),
    framing: values.proto === 'udp' ? 'datagram' : (values.framing ?? 'octet-counting'),
    timeoutMs: values.timeout,
    dnsRefreshMs: values.dnsRefresh,
    ...(values.proto === 'tls' && { tls: tlsConfig(values, tlsFiles) }),
  };
}

function tlsConfig(values: ReceiverValues, tlsFiles: TlsFilesGiven): TlsConfig {
  return {
    ...tlsFiles.files,
    paths: tlsFiles.paths,
    ...(values.keyPassphrase !== undefined && { passphrase: values.keyPassphrase }),
    minVersion: values.tlsMinVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(values.tlsCiphers !== undefined && { ciphers: values.tlsCiphers }),
    ...(values.serverName !== undefined && { serverName: values.serverName }),
    fingerprints: values.fingerprint ?? [],
    insecure: values.insecure,
  };
}

export function syslogWarnings(
  { protocol, framing, tls }: SyslogReceiverConfig,
  { confirm }: Pick<DeliveryConfig, 'confirm'>,
): readonly string[] {
  const warnings: string[] = [];
  if (tls?.insecure) {
    warnings.push(
      tls.fingerprints.length > 0
        ? "insecure: of the receiver's certificate only its fingerprint is verified, and neither its dates, its name nor who issued it"
        : "insecure: the receiver's certificate is not verified; whoever is on the path can read and change every message",
    );
  }
  if (protocol === 'udp') {
    warnings.push(
      'udp is best effort: a datagram that is lost on the way is lost for good; use tcp or tls for delivery',
    );
  } else if (confirm === 'off') {
    warnings.push(
      'confirm is off: checkpoints follow the local kernel; a receiver that dies loses what it had not read',
    );
  }
  if (protocol === 'tls' && framing === 'lf') {
    warnings.push('line framing over TLS is outside RFC 5425; use it only with a receiver that reads nothing else');
  }
  return warnings;
}
