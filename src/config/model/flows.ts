/** Which flows there are, and what was written for each: sections over flags, those over variables, those over the file's top. Pure. */
import type { ConfigProblem } from '../../core/errors.ts';
import { didYouMean } from '../../schema/suggest.ts';
import type { SectionKind } from '../settings/settings.ts';
import type { RawValue, RawValues } from '../sources/raw-value.ts';
import type { NamedPlace, PipelineSection, Section, Sections, Target } from '../sources/sections.ts';

/** The sections that a flow's settings stand in; absent where there are none of that kind. */
export type FlowSections = { readonly [Kind in SectionKind]?: Section };

export interface FlowPlan {
  readonly pipeline: string;
  readonly source: string;
  readonly receiver: string;
  readonly required: boolean;
  readonly written: RawValues;
  readonly sections: FlowSections;
}

export interface FlowsPlan {
  /** Empty only where there are problems. */
  readonly flows: readonly FlowPlan[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

/** What there is where the file has no section of the kind. */
const implied: Section = { name: 'default', path: '', at: '', values: new Map() };

/** @param common what was written outside of sections */
export function planFlows(common: RawValues, sections: Sections): FlowsPlan {
  const problems: ConfigProblem[] = [];
  const complain = (message: string, at: string) => problems.push({ message, at });
  const sources = sections.sources ?? [implied];
  const receivers = sections.receivers ?? [implied];
  const pipelines: readonly PipelineSection[] = sections.pipelines ?? [implied];
  const flows: FlowPlan[] = [];
  const used = new Set<Section>();
  for (const pipeline of pipelines) {
    const allSources = () => sources.map(({ name, at }) => ({ name, at }));
    const allReceivers = () => receivers.map(({ name, at }): Target => ({ name, at, required: true }));
    const from = resolve('source', sources, pipeline.from ?? allSources(), `${pipeline.path}.from`, complain);
    const to = resolve('receiver', receivers, pipeline.to ?? allReceivers(), `${pipeline.path}.to`, complain);
    for (const [source] of from) used.add(source);
    for (const [receiver] of to) used.add(receiver);
    for (const [source] of from) {
      for (const [receiver, target] of to) flows.push(flowOf(common, pipeline, source, receiver, target));
    }
  }
  const idle = [...sources, ...receivers].filter((section) => !used.has(section));
  const warnings = idle.map(({ path, at }) => `${path} (${at}) is in no pipeline: nothing is done with it`);
  return { flows, problems, warnings: problems.length === 0 ? warnings : [] };
}

function resolve<P extends NamedPlace>(
  kind: SectionKind,
  sections: readonly Section[],
  places: readonly P[],
  path: string,
  complain: (message: string, at: string) => void,
): readonly (readonly [Section, P])[] {
  const names = sections.map(({ name }) => name);
  const found = new Map<string, readonly [Section, P]>();
  for (const place of places) {
    const section = sections.find(({ name }) => name === place.name);
    const quoted = JSON.stringify((place.written ?? place.name).slice(0, 80));
    if (!section) {
      complain(
        `${path}: ${quoted} is no ${kind} of this file${didYouMean(place.name, names) || listed(names)}`,
        place.at,
      );
    } else if (found.has(place.name)) complain(`${path}: ${quoted} is there twice; give it once`, place.at);
    else found.set(place.name, [section, place]);
  }
  return [...found.values()];
}

function listed(names: readonly string[]): string {
  return names.length > 0 ? `; there is ${names.slice(0, 10).join(', ')}` : '';
}

function flowOf(common: RawValues, pipeline: Section, source: Section, receiver: Section, target: Target): FlowPlan {
  const written = new Map([...common, ...pipeline.values, ...source.values, ...receiver.values]);
  if (!target.required) {
    const group = written.get('group');
    const own = target.group ?? (group && named(group, receiver.name));
    if (own) written.set('group', own);
  }
  const sections = Object.entries({ source, receiver, pipeline }).filter(([, section]) => section !== implied);
  return {
    pipeline: pipeline.name,
    source: source.name,
    receiver: receiver.name,
    required: target.required,
    written,
    sections: Object.fromEntries(sections),
  };
}

/** The consumer group of a flow that its source does not wait for: `siem` → `siem-archive`. */
function named(group: RawValue, receiver: string): RawValue {
  const withName = (text: string) => `${text}-${receiver}`;
  return {
    ...group,
    texts: group.texts.map(withName),
    ...(group.written && { written: group.written.map(withName) }),
  };
}
