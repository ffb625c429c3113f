/** The flat values, checked and complete, in the shape that the daemon reads. Pure. */
import { createHash } from 'node:crypto';
import { createRules } from '../rules/rules-schema.ts';
import { createFieldSelection } from '../rules/selection.ts';
import type { Config, DeliveryConfig, MessageConfig, ReplayConfig, ServiceConfig } from './model/config.ts';
import { groupTimeoutMs } from './model/derive.ts';
import { formatSpecOf } from './model/format-spec.ts';
import { receiverConfigOf } from './receivers/kinds.ts';
import type { Values } from './settings/settings.ts';
import type { TlsFilesGiven } from './sources/tls-files.ts';

/**
 * @param messageText all settings that a message is made by, as text
 * @param deadLetterPath absolute, with everything put in; absent where there is none
 */
export function assembleConfig(
  values: Values,
  messageText: string,
  tlsFiles: TlsFilesGiven,
  deadLetterPath?: string,
): Config {
  return {
    service: serviceConfig(values),
    group: {
      name: values.group,
      consumerName: values.consumerName,
      from: values.from,
      ...(values.until !== undefined && { until: values.until }),
      heartbeatIntervalMs: values.heartbeatInterval,
      timeoutMs: groupTimeoutMs(values.heartbeatInterval),
      fetchIntervalMs: values.fetchInterval,
      checkpointIntervalMs: values.checkpointInterval,
      maxInFlightBytes: values.maxInFlight,
      inOrder: values.inOrder,
      updatesGroup: values.updateGroup,
    },
    ...sendingConfig(values, messageText, tlsFiles, deadLetterPath),
  };
}

/** What a replay takes: where and how to send; and the log service, where all that it needs is known. */
export function assembleReplayConfig(values: ReplayValues, messageText: string, tlsFiles: TlsFilesGiven): ReplayConfig {
  const { endpoint, project, logstore, accessKeyId, accessKeySecret } = values;
  const isKnown = [endpoint, project, logstore, accessKeyId, accessKeySecret].every((value) => value !== undefined);
  return {
    ...sendingConfig(values, messageText, tlsFiles),
    ...(isKnown && { service: serviceConfig(values as Values) }),
  };
}

/** The log service's settings, and the group's, may be missing. */
export type ReplayValues = Omit<Values, ServiceKey> & Partial<Pick<Values, ServiceKey>>;
type ServiceKey = 'endpoint' | 'project' | 'logstore' | 'accessKeyId' | 'accessKeySecret' | 'group' | 'consumerName';

function sendingConfig(values: ReplayValues, messageText: string, tlsFiles: TlsFilesGiven, deadLetterPath?: string) {
  return {
    message: messageConfig(values, messageText),
    receiver: receiverConfigOf(values, tlsFiles),
    delivery: deliveryConfig(values, deadLetterPath),
    operation: {
      ...(values.config !== undefined && { configFile: values.config }),
      logLevel: values.logLevel,
      logFormat: values.logFormat,
      encoder: values.encoder,
      drainTimeoutMs: values.drainTimeout,
    },
  };
}

function messageConfig(values: ReplayValues, messageText: string): MessageConfig {
  const fields = createFieldSelection(values);
  const rules = createRules(values);
  return {
    format: formatSpecOf(values),
    rfc: values.rfc,
    facility: values.facility,
    severity: values.severity,
    hostname: values.hostname,
    tag: values.tag,
    ...(values.procid !== undefined && { procId: values.procid }),
    ...(values.msgid !== undefined && { msgId: values.msgid }),
    timeZone: values.timezone,
    timestampDigits: values.timePrecision,
    rfc3164Time: values.rfc3164Time,
    ...(fields && { fields }),
    ...(rules && { rules }),
    maxMessageBytes: values.maxMessageBytes,
    oversize: values.oversize,
    ...(values.identity && { identity: { enterpriseId: values.enterpriseId } }),
    // A hash gives nothing away, should somebody log it.
    fingerprint: createHash('sha256').update(messageText).digest('hex'),
  };
}

function serviceConfig(values: Values): ServiceConfig {
  return {
    endpoint: values.endpoint,
    project: values.project,
    logstore: values.logstore,
    accessKeyId: values.accessKeyId,
    accessKeySecret: values.accessKeySecret,
    ...(values.stsToken !== undefined && { securityToken: values.stsToken }),
    signVersion: values.signVersion,
    ...(values.region !== undefined && { region: values.region }),
    ...(values.query !== undefined && { query: values.query }),
  };
}

function deliveryConfig(values: ReplayValues, deadLetterPath: string | undefined): DeliveryConfig {
  return {
    confirm: values.proto === 'udp' ? 'off' : values.confirm,
    confirmIntervalMs: values.confirmInterval,
    confirmBytes: values.confirmBytes,
    confirmTimeoutMs: values.confirmTimeout,
    confirmPatienceMs: values.confirmPatience,
    strictOrder: values.strictOrder,
    ...(values.maxRate !== undefined && { maxMessagesPerSecond: values.maxRate }),
    ...(values.maxBandwidth !== undefined && { maxBytesPerSecond: values.maxBandwidth }),
    onCorruptBatch: values.onCorruptBatch,
    corruptBatchPatienceMs: values.corruptBatchPatience,
    onPoison: values.onPoison,
    poisonPatienceMs: values.poisonPatience,
    ...(deadLetterPath !== undefined && {
      deadLetter: { path: deadLetterPath, maxBytes: values.deadLetterMaxSize, maxFiles: values.deadLetterFiles },
    }),
    strategy: values.strategy,
    failbackAfterMs: values.failbackAfter,
  };
}
