/** Makes the parts that a run and a replay have in common from the configuration. */
import type { Config, DeliveryConfig, TlsConfig } from '../config/model/config.ts';
import { createTlsFilesReader } from '../config/sources/tls-files-again.ts';
import type { Log } from '../core/log.ts';
import type { BatchEncoder } from '../encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../encode/frame/encoder-options.ts';
import { syslogLead } from '../encode/header/syslog-lead.ts';
import { createLocateLog } from '../encode/locate-log.ts';
import { createReferenceEncoder } from '../encode/reference-encoder.ts';
import { createFormat } from '../format/registry.ts';
import { createKernelEncoder } from '../kernel/kernel-encoder.ts';
import { createReceiversSink, type PlacedWith, type ReceiverFactory } from '../sink/receivers/receivers.ts';
import { watchSink } from '../sink/receivers/watched.ts';
import type { Mark, Sink, SinkEvents } from '../sink/sink.ts';
import { createSyslogSink } from '../sink/syslog/create.ts';
import type { ReceiverTlsOptions } from '../sink/tls/tls-options.ts';
import type { BodyPool } from '../sls/body-pool.ts';
import { type Credentials, createStaticCredentials } from '../sls/signing/credentials.ts';
import { createLogService, type SlsLogService } from '../sls/sls-log-service.ts';
import { chunkSizes, type PaceLimits } from './deliver/pacer.ts';
import type { PoisonOptions } from './deliver/poison.ts';
import { type Machine, thisMachine } from './machine.ts';

export interface ServiceOptions {
  readonly log: Log;
  /** Asked when the service refuses the access key. */
  readonly readCredentials?: (() => Credentials) | undefined;
  /** Memory that all sources use together. */
  readonly bodies?: BodyPool | undefined;
  /** Default: the one that the process runs on. */
  readonly machine?: Machine | undefined;
}

export function buildService(
  { service, group }: { service: Config['service']; group: Pick<Config['group'], 'name' | 'consumerName'> },
  { log, readCredentials, bodies, machine = thisMachine }: ServiceOptions,
): SlsLogService {
  const credentials = createStaticCredentials(service);
  const refresh = async () => {
    if (readCredentials) credentials.replace(readCredentials());
  };
  return createLogService({
    ...service,
    credentials: { current: credentials.current, refresh },
    consumerGroup: group.name,
    consumerName: group.consumerName,
    ...(bodies && { bodies }),
    clock: machine.clock,
    openHttp: machine.openHttp,
    onTrouble: ({ error, sinceMs, operation, shard, attempts }) =>
      log.warn(
        { code: error.code, reason: error.message, since: new Date(sinceMs).toISOString(), operation, shard, attempts },
        'the log service cannot be used; trying on',
      ),
    onRecovered: ({ operation, shard, attempts, durationMs }) =>
      log.info({ operation, shard, attempts, durationMs }, 'the log service can be used again'),
  });
}

export function buildSink<M extends Mark>(
  { receiver, delivery }: Pick<Config, 'receiver' | 'delivery'>,
  events: SinkEvents<M>,
  log: Log,
  { clock, network }: Machine = thisMachine,
): Sink<M> {
  const { others = [], tls, ...given } = receiver;
  const first = { ...given, ...(tls && { tls: tlsOptions(tls) }), clock, network };
  // What a confirmation takes at the most, in peace: until it is asked for, and until a silent receiver is given up.
  const watch = { overdueMs: delivery.confirmIntervalMs + delivery.confirmTimeoutMs, log, clock };
  if (others.length === 0) {
    return watchSink((itsEvents) => createSyslogSink({ ...first, ...delivery }, itsEvents, log), events, watch);
  }
  const factories = [first, ...others].map((address): ReceiverFactory<M> => {
    const create = (itsEvents: SinkEvents<PlacedWith<M>>) =>
      createSyslogSink({ ...first, ...delivery, ...address }, itsEvents, log);
    return (itsEvents) => watchSink(create, itsEvents, watch);
  });
  return createReceiversSink(factories, { ...delivery, log, clock }, events);
}

function tlsOptions({ paths = {}, ...tls }: TlsConfig): ReceiverTlsOptions {
  if (Object.keys(paths).length === 0) return tls;
  return { ...tls, readAgain: createTlsFilesReader(paths, tls.passphrase) };
}

/** What of a configuration an encoder is made of: where that is the same, so is the encoder. */
export interface EncoderConfig {
  readonly message: Config['message'];
  readonly receiver: Pick<Config['receiver'], 'framing'>;
  readonly delivery: PaceLimits;
  readonly operation: Pick<Config['operation'], 'encoder'>;
}

export function buildEncoder(config: EncoderConfig): BatchEncoder {
  const create = config.operation.encoder === 'kernel' ? createKernelEncoder : createReferenceEncoder;
  return create(encoderOptions(config));
}

/** @param config its encoder makes the frames */
export function buildPoison(
  config: EncoderConfig & { readonly delivery: Pick<DeliveryConfig, 'onPoison' | 'poisonPatienceMs'> },
): PoisonOptions {
  const { onPoison, poisonPatienceMs } = config.delivery;
  return {
    // Made where it is needed, which is seldom.
    locate: (...asked) => createLocateLog(encoderOptions(config))(...asked),
    patienceMs: onPoison === 'dead-letter' ? poisonPatienceMs : undefined,
  };
}

function encoderOptions({ message, receiver, delivery }: EncoderConfig): EncoderOptions {
  return {
    format: createFormat(message.format),
    lead: syslogLead({
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
    }),
    ...(message.fields && { fields: message.fields }),
    ...(message.rules && { rules: message.rules }),
    framing: receiver.framing,
    ...chunkSizes(delivery),
    maxMessageBytes: message.maxMessageBytes,
    oversize: message.oversize,
  };
}
