/** The effective configuration as it may be shown: in a user's words, masked as the table says. Pure. */
import type { Plain } from '../schema/plain.ts';
import type { FlowReading } from './flow-reading.ts';
import type { SettingGroup } from './settings/setting.ts';
import { type SettingKey, sectionKindOf, settings } from './settings/settings.ts';

export type EffectiveSettings = Readonly<Record<string, Plain>>;

/** By group; with several flows, the settings of sources, receivers and pipelines by their names. */
export type Effective = Readonly<Partial<Record<SettingGroup, EffectiveSettings>>> & {
  readonly sources?: Readonly<Record<string, EffectiveSettings>>;
  readonly receivers?: Readonly<Record<string, EffectiveSettings>>;
  readonly pipelines?: readonly EffectiveSettings[];
};

/** @returns undefined for a setting that has no value */
export function effectiveText(key: SettingKey, value: Plain | undefined): Plain | undefined {
  if (value === undefined) return undefined;
  const { mask, repeatable, structure } = settings[key];
  const masked = mask ? maskAll(value, mask) : value;
  return Array.isArray(masked) && !repeatable && structure === undefined ? (masked[0] as Plain) : masked;
}

export function effectiveTexts(
  texts: ReadonlyMap<SettingKey, Plain>,
  filter: (key: SettingKey) => boolean = () => true,
): Readonly<Partial<Record<SettingGroup, EffectiveSettings>>> {
  const groups: Partial<Record<SettingGroup, EffectiveSettings>> = {};
  for (const key of (Object.keys(settings) as SettingKey[]).filter(filter)) {
    const shown = effectiveText(key, texts.get(key));
    const { group } = settings[key];
    if (shown !== undefined) groups[group] = { ...groups[group], [key]: shown };
  }
  return groups;
}

export function effectiveFlows(readings: readonly FlowReading[]): Effective {
  const [first] = readings;
  if (!first) return {};
  const isOne = readings.length === 1 && Object.keys(first.plan.sections).length === 0;
  if (isOne) return effectiveTexts(first.reading.texts);
  const sources: Record<string, EffectiveSettings> = {};
  const receivers: Record<string, EffectiveSettings> = {};
  const pipelines = readings.map(({ plan, reading }): EffectiveSettings => {
    const of = (kind: ReturnType<typeof sectionKindOf>) =>
      Object.assign({}, ...Object.values(effectiveTexts(reading.texts, (key) => sectionKindOf(key) === kind)));
    if (plan.required || sources[plan.source] === undefined) sources[plan.source] = of('source');
    receivers[plan.receiver] = of('receiver');
    const names = { pipeline: plan.pipeline, source: plan.source, receiver: plan.receiver };
    const group = effectiveText('group', reading.texts.get('group')) ?? '';
    return { ...names, ...(!plan.required && { required: 'false', group }), ...of('pipeline') };
  });
  const whole = effectiveTexts(first.reading.texts, (key) => sectionKindOf(key) === undefined);
  return { sources, receivers, pipelines, ...whole };
}

function maskAll(value: Plain, mask: (text: string) => string): Plain {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item: Plain) => maskAll(item, mask));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskAll(item as Plain, mask)]));
}
