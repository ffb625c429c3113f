/** Receivers that are sent syslog messages, over UDP, TCP or TLS. */
import type { DeliveryConfig, MessageConfig } from '../../config/model/config.ts';
import type { SyslogReceiverConfig, TlsConfig } from '../../config/model/receivers.ts';
import { createTlsFilesReader } from '../../config/sources/tls-files-again.ts';
import { syslogLead } from '../../encode/header/syslog-lead.ts';
import { createSyslogSink } from '../../sink/syslog/create.ts';
import type { ReceiverTlsOptions } from '../../sink/tls/tls-options.ts';
import type { NewSink, ReceiverKind, SinkSurroundings } from './kind.ts';

export const syslogKind: ReceiverKind<SyslogReceiverConfig> = {
  sinks: createSinks,

  encoding: ({ framing }, message) => ({ framing, lead: leadOf(message) }),

  encodingKey: ({ framing }) => framing,
};

function createSinks(
  { others = [], tls, ...given }: SyslogReceiverConfig,
  delivery: DeliveryConfig,
  { log, clock, network }: SinkSurroundings,
): readonly NewSink[] {
  const first = { ...given, ...(tls && { tls: tlsOptions(tls) }), clock, network };
  const overdueMs = delivery.confirmIntervalMs + delivery.confirmTimeoutMs;
  return [first, ...others].map((address) => ({
    overdueMs,
    create: (events) => createSyslogSink({ ...first, ...delivery, ...address }, events, log),
  }));
}

function tlsOptions({ paths = {}, ...tls }: TlsConfig): ReceiverTlsOptions {
  if (Object.keys(paths).length === 0) return tls;
  return { ...tls, readAgain: createTlsFilesReader(paths, tls.passphrase) };
}

function leadOf(message: MessageConfig) {
  return syslogLead({
    rfc: message.rfc,
    facility: message.facility,
    severity: message.severity,
    hostname: message.hostname,
    appName: message.tag,
    ...(message.procId !== undefined && { procId: message.procId }),
    ...(message.msgId !== undefined && { msgId: message.msgId }),
    timeZone: message.timeZone,
    timestampDigits: message.timestampDigits,
    rfc3164Time: message.rfc3164Time,
    ...(message.identity && { identity: message.identity }),
  });
}
