/** What the settings have come to, and where each value is from: for `config show`. Pure. */
import type { FlowReading } from './load.ts';
import type { Plain } from './plain.ts';
import { effectiveText } from './redact.ts';
import type { SettingGroup } from './setting.ts';
import { groupTitles, type SectionKind, type SettingKey, sectionKindOf, settingKeys, settings } from './settings.ts';

export interface ExplainedSetting {
  readonly key: SettingKey;
  /** As it may be shown. */
  readonly value: Plain;
  /** `--port`, `SYSLOG_PORT`, `sls-syslog.yaml:7`, `preset qradar`, `derived` or `default`. */
  readonly origin: string;
}

export interface ExplainedSection {
  /** `sources.web`, `pipeline audit: web → qradar`; of a group where there are no sections: `Service`. */
  readonly title: string;
  readonly settings: readonly ExplainedSetting[];
}

export function explain(readings: readonly FlowReading[]): readonly ExplainedSection[] {
  const [first] = readings;
  if (!first) return [];
  const hasSections = readings.length > 1 || Object.keys(first.plan.sections).length > 0;
  if (!hasSections) {
    return (Object.keys(groupTitles) as SettingGroup[]).map((group) => ({
      title: groupTitles[group],
      settings: explained(first, (key) => settings[key].group === group),
    }));
  }
  const sections = new Map<string, ExplainedSection>();
  const add = (title: string, reading: FlowReading, kind: SectionKind | undefined) => {
    if (sections.has(title)) return;
    sections.set(title, { title, settings: explained(reading, (key) => sectionKindOf(key) === kind) });
  };
  for (const reading of readings) if (reading.plan.required) add(`sources.${reading.plan.source}`, reading, 'source');
  for (const reading of readings) {
    const { required, source, receiver } = reading.plan;
    // It has a consumer group of its own.
    if (!required) add(`sources.${source}, to ${receiver} by itself`, reading, 'source');
  }
  for (const reading of readings) add(`receivers.${reading.plan.receiver}`, reading, 'receiver');
  for (const reading of readings) {
    const { pipeline, source, receiver } = reading.plan;
    add(`pipeline ${pipeline}: ${source} → ${receiver}`, reading, 'pipeline');
  }
  add('the whole process', first, undefined);
  return [...sections.values()];
}

function explained({ reading }: FlowReading, filter: (key: SettingKey) => boolean): readonly ExplainedSetting[] {
  return settingKeys.filter(filter).flatMap((key) => {
    const value = effectiveText(key, reading.texts.get(key));
    return value === undefined ? [] : [{ key, value, origin: reading.origins.get(key) ?? 'default' }];
  });
}
