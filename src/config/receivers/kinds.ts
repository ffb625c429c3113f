/** The kinds of receivers, as the configuration knows them: a kind has its line in each of these two. */
import type { DeliveryConfig } from '../model/config.ts';
import type { ReceiverConfig } from '../model/receivers.ts';
import type { TlsFilesGiven } from '../sources/tls-files.ts';
import { type ReceiverValues, syslogReceiver, syslogWarnings } from './syslog.ts';

/** The value of `--proto` names the kind. */
const assemblers: Readonly<
  Record<ReceiverValues['proto'], (values: ReceiverValues, tlsFiles: TlsFilesGiven) => ReceiverConfig>
> = { udp: syslogReceiver, tcp: syslogReceiver, tls: syslogReceiver };

type Warn<Kind> = (
  receiver: Extract<ReceiverConfig, { readonly kind: Kind }>,
  delivery: DeliveryConfig,
) => readonly string[];

const warners: { readonly [Kind in ReceiverConfig['kind']]: Warn<Kind> } = { syslog: syslogWarnings };

export function receiverConfigOf(values: ReceiverValues, tlsFiles: TlsFilesGiven): ReceiverConfig {
  return assemblers[values.proto](values, tlsFiles);
}

export function receiverWarnings(receiver: ReceiverConfig, delivery: DeliveryConfig): readonly string[] {
  return warners[receiver.kind](receiver, delivery);
}
