/** The kinds of receivers that a daemon can ship to. A kind is registered here, and named nowhere else in pipeline/. */
import type { ReceiverConfig } from '../../config/model/receivers.ts';
import type { AnyReceiverKind, ReceiverKind } from './kind.ts';
import { syslogKind } from './syslog.ts';

const kinds = new Map<string, AnyReceiverKind>();

registerReceiverKind('syslog', syslogKind);

/** @param kind as in `ReceiverConfig.kind` */
export function registerReceiverKind<Receiver extends { readonly kind: string }>(
  kind: Receiver['kind'],
  implementation: ReceiverKind<Receiver>,
): void {
  kinds.set(kind, implementation as unknown as AnyReceiverKind);
}

export function kindOf({ kind }: ReceiverConfig): AnyReceiverKind {
  const found = kinds.get(kind);
  if (found === undefined) throw new TypeError(`no kind of receivers is registered as ${kind}`);
  return found;
}
