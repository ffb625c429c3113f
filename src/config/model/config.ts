/**
 * The effective configuration: every value parsed, checked against the others, and in the unit that its name says.
 * `load.ts` makes it; nothing changes it afterwards. An optional property is absent, never undefined.
 */
import type { FormatSpec } from '../../format/registry.ts';
import type { FieldSelection } from '../../rules/field-selection.ts';
import type { HeaderText } from '../../rules/header-text.ts';
import type { Rules } from '../../rules/rules.ts';
import type { ReceiverConfig } from './receivers.ts';

export interface Config {
  readonly service: ServiceConfig;
  readonly group: GroupConfig;
  readonly message: MessageConfig;
  readonly receiver: ReceiverConfig;
  readonly delivery: DeliveryConfig;
  readonly operation: OperationConfig;
}

/**
 * The way of logs from one source through one pipeline to one receiver. Without sections in the file there is one, and
 * all its names are `default`. All flows have the same `operation`; required flows of the same source the same `service`
 * and `group`, those to the same receiver the same `receiver` and `delivery` (but for its dead-letter file, of which
 * each flow may have its own). Those parts are the same objects then, as far as they are equal. `message` is of the
 * pipeline, but some of its defaults depend on the receiver.
 */
export interface Flow {
  readonly pipeline: string;
  readonly source: string;
  readonly receiver: string;
  /** False: the source's checkpoint does not wait for this receiver; the flow has a consumer group of its own. */
  readonly required: boolean;
  readonly config: Config;
}

/** The configuration of `dead-letter replay`. */
export type ReplayConfig = Omit<Config, 'service' | 'group'> & {
  /** Present where all settings of the log service are given: what could not be read is pulled again. */
  readonly service?: ServiceConfig;
};

export interface ServiceConfig {
  /** Scheme and host, with a port where one was given: `https://cn-hangzhou.log.aliyuncs.com`. No path. */
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The STS token of temporary credentials. */
  readonly securityToken?: string;
  readonly signVersion: 'v1' | 'v4';
  /** Given, or derived from the endpoint; always there with `v4`. */
  readonly region?: string;
  /** SPL that the service evaluates before it hands logs out. */
  readonly query?: string;
}

export interface GroupConfig {
  readonly name: string;
  readonly consumerName: string;
  /** Where a shard without a checkpoint starts; a number is unix seconds of receipt. */
  readonly from: 'begin' | 'end' | number;
  /** Where to stop and exit: the end as it is at start, or unix seconds of receipt. */
  readonly until?: 'end' | number;
  readonly heartbeatIntervalMs: number;
  /** Three heartbeat intervals, rounded up to whole seconds, which is what the service counts in. */
  readonly timeoutMs: number;
  /** The pause after a pull that found the shard drained. */
  readonly fetchIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly maxInFlightBytes: number;
  readonly inOrder: boolean;
  /** At start, a group that is there is set to this timeout and order. */
  readonly updatesGroup: boolean;
}

export interface MessageConfig {
  /** Data: what `createFormat` takes; it has been made once already, so that nothing is wrong with it. */
  readonly format: FormatSpec;
  readonly rfc: '5424' | '3164';
  /** 0..23 */
  readonly facility: number;
  /** 0..7 */
  readonly severity: number;
  readonly hostname: HeaderText;
  /** APP-NAME (RFC 5424) or TAG (RFC 3164). */
  readonly tag: HeaderText;
  readonly procId?: HeaderText;
  readonly msgId?: HeaderText;
  /** `utc`, `local` or a name of the IANA time zone database. */
  readonly timeZone: string;
  /** Below the second. */
  readonly timestampDigits: number | 'auto';
  /** The stamp of RFC 3164; without effect for RFC 5424. */
  readonly rfc3164Time: 'legacy' | 'year' | 'rfc3339';
  /** Which fields are written; absent: all, under their own names. */
  readonly fields?: FieldSelection;
  /** What is decided by content; absent: nothing. */
  readonly rules?: Rules;
  /** Equal where two messages are made alike: rules and selections hold functions, which do not compare. */
  readonly fingerprint: string;
  /** Limit of a message with its header, framing excluded. */
  readonly maxMessageBytes: number;
  readonly oversize: 'truncate' | 'split' | 'dead-letter';
  /** Present where every message says which log it is; with RFC 5424 only. */
  readonly identity?: { readonly enterpriseId: number };
}

export interface DeliveryConfig {
  /** Whether a checkpoint waits for the receiver to have read; `off` with udp. */
  readonly confirm: 'auto' | 'on' | 'off';
  readonly confirmIntervalMs: number;
  readonly confirmBytes: number;
  readonly confirmTimeoutMs: number;
  /** How long checkpoints wait for a receiver that is silent from the start. */
  readonly confirmPatienceMs: number;
  readonly strictOrder: boolean;
  /** Limit of this process, shared by all its shards; absent: no limit. */
  readonly maxMessagesPerSecond?: number;
  /** Bytes of frames, framing included. */
  readonly maxBytesPerSecond?: number;
  /** `skip` needs `deadLetter`. */
  readonly onCorruptBatch: 'stop' | 'skip';
  /** How long what cannot be read is pulled again before it is skipped. */
  readonly corruptBatchPatienceMs: number;
  /** What becomes of a message over which the receiver breaks each connection. `dead-letter` needs `deadLetter`. */
  readonly onPoison: 'wait' | 'dead-letter';
  /** How long such a message is sent again before its log is set aside. */
  readonly poisonPatienceMs: number;
  /** Where what cannot be sent goes; always there where something asks for it. */
  readonly deadLetter?: DeadLetterConfig;
  /** What several receivers are for. */
  readonly strategy: 'failover' | 'load-balance';
  readonly failbackAfterMs: number;
}

export interface DeadLetterConfig {
  /** Absolute; its directory was there, and could be written to, when the configuration was read. */
  readonly path: string;
  readonly maxBytes: number;
  /** The one that is written to included. */
  readonly maxFiles: number;
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface OperationConfig {
  readonly configFile?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty';
  readonly encoder: 'kernel' | 'reference';
  /** How long a shutdown, or a shard's hand-over, may take; below the group's timeout. */
  readonly drainTimeoutMs: number;
}
