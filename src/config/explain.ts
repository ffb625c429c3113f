/** What the settings have come to, and where each value is from: for `config show`. Pure. */
import type { Plain } from '../schema/plain.ts';
import type { FlowReading } from './flow-reading.ts';
import { effectiveText } from './redact.ts';
import { type SettingKey, sectionKindOf, settingKeys } from './settings/settings.ts';

export interface ExplainedSetting {
  readonly key: SettingKey;
  /** The value, as it may be shown. */
  readonly value: Plain;
  /** `--port`, `SYSLOG_PORT`, `sls-syslog.yaml:7`, `preset qradar over tls`, `derived` or `default`. */
  readonly origin: string;
  /** The source of a preset's value, or `not verified: …`. */
  readonly note?: string;
}

/** In the order of the help. */
export type ExplainedSettings = readonly ExplainedSetting[];

export interface ExplainedFlow {
  readonly pipeline: string;
  readonly source: string;
  readonly receiver: string;
  readonly required: boolean;
  /** The pipeline's; of a flow that is not required the consumer group that it has for itself too. */
  readonly settings: ExplainedSettings;
}

export interface Explained {
  /** Whether there is more than one of anything, or a name for it. */
  readonly hasSections: boolean;
  readonly sources: readonly (readonly [name: string, ExplainedSettings])[];
  readonly receivers: readonly (readonly [name: string, ExplainedSettings])[];
  readonly flows: readonly ExplainedFlow[];
  /** What is of the whole process. */
  readonly process: ExplainedSettings;
}

const ownGroup: readonly SettingKey[] = ['group', 'consumerName'];

/** @param readings at least one */
export function explain(readings: readonly FlowReading[]): Explained {
  const sources = new Map<string, ExplainedSettings>();
  const receivers = new Map<string, ExplainedSettings>();
  // The group of one that is not required is its own, and not the source's.
  for (const reading of readings.toSorted((a, b) => Number(b.plan.required) - Number(a.plan.required))) {
    const { source } = reading.plan;
    if (!sources.has(source)) sources.set(source, explained(reading, isOf('source')));
  }
  for (const reading of readings) receivers.set(reading.plan.receiver, explained(reading, isOf('receiver')));
  const inOrder = [...new Set(readings.map(({ plan }) => plan.source))];
  return {
    hasSections: readings.length > 1 || readings.some(({ plan }) => Object.keys(plan.sections).length > 0),
    sources: inOrder.map((name) => [name, sources.get(name) ?? []] as const),
    receivers: [...receivers],
    flows: readings.map((reading) => {
      const { pipeline, source, receiver, required } = reading.plan;
      const isOwn = (key: SettingKey) => isOf('pipeline')(key) || (!required && ownGroup.includes(key));
      return { pipeline, source, receiver, required, settings: explained(reading, isOwn) };
    }),
    process: readings.slice(0, 1).flatMap((first) => explained(first, isOf(undefined))),
  };
}

function isOf(kind: ReturnType<typeof sectionKindOf>): (key: SettingKey) => boolean {
  return (key) => sectionKindOf(key) === kind;
}

function explained({ reading }: FlowReading, filter: (key: SettingKey) => boolean): ExplainedSettings {
  return settingKeys.filter(filter).flatMap((key) => {
    const value = effectiveText(key, reading.texts.get(key));
    if (value === undefined) return [];
    const note = reading.notes.get(key);
    return [{ key, value, origin: reading.origins.get(key) ?? 'default', ...(note !== undefined && { note }) }];
  });
}
