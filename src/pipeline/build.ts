/** Makes the parts that a run and a replay have in common from the configuration. */
import type { Config, DeliveryConfig } from '../config/model/config.ts';
import type { ReceiverConfig } from '../config/model/receivers.ts';
import type { Log } from '../core/log.ts';
import type { BatchEncoder } from '../encode/frame/batch-encoder.ts';
import type { EncoderOptions } from '../encode/frame/encoder-options.ts';
import { createLocateLog } from '../encode/locate-log.ts';
import { createReferenceEncoder } from '../encode/reference-encoder.ts';
import { createFormat } from '../format/registry.ts';
import { createKernelEncoder } from '../kernel/kernel-encoder.ts';
import { createReceiversSink, type ReceiverFactory } from '../sink/receivers/receivers.ts';
import { watchSink } from '../sink/receivers/watched.ts';
import type { DeliveryRef, Sink, SinkEvents } from '../sink/sink.ts';
import type { BodyPool } from '../sls/body-pool.ts';
import { type Credentials, createStaticCredentials } from '../sls/signing/credentials.ts';
import { createLogService, type SlsLogService } from '../sls/sls-log-service.ts';
import { chunkSizes, type PaceLimits } from './deliver/pacer.ts';
import type { RefusedOptions } from './deliver/refused.ts';
import { type Machine, thisMachine } from './machine.ts';
import type { NewSink } from './receivers/kind.ts';
import { kindOf } from './receivers/kinds.ts';

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

/** One receiver's sink, or one over several receivers that stand in for each other. */
export function buildSink<M extends DeliveryRef>(
  { receiver, delivery }: Pick<Config, 'receiver' | 'delivery'>,
  events: SinkEvents<M>,
  log: Log,
  { clock, network }: Machine = thisMachine,
): Sink<M> {
  const [first, ...others] = kindOf(receiver).sinks(receiver, delivery, { log, clock, network });
  if (first === undefined) throw new TypeError('a receiver has a sink');
  const watch = ({ overdueMs }: NewSink) => ({ overdueMs, log, clock });
  if (others.length === 0) return watchSink((itsEvents) => first.create(itsEvents), events, watch(first));
  const factories = [first, ...others].map((each): ReceiverFactory<M> => {
    return (itsEvents) => watchSink((watched) => each.create(watched), itsEvents, watch(each));
  });
  return createReceiversSink(factories, { ...delivery, log, clock }, events);
}

/** What of a configuration an encoder is made of: where that is the same, so is the encoder. */
export interface EncoderConfig {
  readonly message: Config['message'];
  readonly receiver: ReceiverConfig;
  readonly delivery: PaceLimits;
  readonly operation: Pick<Config['operation'], 'encoder'>;
}

export function buildEncoder(config: EncoderConfig): BatchEncoder {
  const create = config.operation.encoder === 'kernel' ? createKernelEncoder : createReferenceEncoder;
  return create(encoderOptions(config));
}

/** @param config its encoder makes the frames */
export function buildRefused(
  config: EncoderConfig & { readonly delivery: Pick<DeliveryConfig, 'onPoison' | 'poisonPatienceMs'> },
): RefusedOptions {
  const { onPoison, poisonPatienceMs } = config.delivery;
  return {
    // Made where it is needed, which is seldom.
    locate: (...asked) => createLocateLog(encoderOptions(config))(...asked),
    deadLetterAfterMs: onPoison === 'dead-letter' ? poisonPatienceMs : undefined,
  };
}

function encoderOptions({ message, receiver, delivery }: EncoderConfig): EncoderOptions {
  return {
    ...kindOf(receiver).encoding(receiver, message),
    format: createFormat(message.format),
    ...(message.fields && { fields: message.fields }),
    ...(message.rules && { rules: message.rules }),
    ...chunkSizes(delivery),
    maxMessageBytes: message.maxMessageBytes,
    oversize: message.oversize,
  };
}

/** Equal where two encoders are made alike. */
export function encoderKey({ message, receiver, ...others }: EncoderConfig): unknown {
  const { kind } = receiver;
  return { message: message.fingerprint, kind, encoding: kindOf(receiver).encodingKey(receiver), ...others };
}
