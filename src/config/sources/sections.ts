/**
 * The file's sections: `sources` and `receivers`, mappings of names to settings, and `pipelines`, a list.
 *
 *     sources:   {audit: {project: a, logstore: actiontrail}, web: {…}}
 *     receivers: {qradar: {host: siem.corp, preset: qradar}, archive: {…}}
 *     pipelines:
 *       - name: audit
 *         from: audit                                              left out: all sources
 *         to: [qradar, {receiver: archive, required: false}]       left out: all receivers
 *         format: cef                                              and all else that a message is made by
 */
import type { ConfigProblem } from '../../core/errors.ts';
import type { PlainEntry, PlainNode } from '../../schema/plain.ts';
import { didYouMean } from '../../schema/suggest.ts';
import { switchText } from '../../schema/text.ts';
import { kebabCase } from '../settings/setting.ts';
import type { SectionKind } from '../settings/settings.ts';
import { readSettings, type SettingsPlace } from './file-settings.ts';
import type { RawValue, RawValues } from './raw-value.ts';

export interface Section {
  readonly name: string;
  /** `sources.web`, `pipelines[0]` */
  readonly path: string;
  readonly at: string;
  readonly values: RawValues;
}

export interface NamedPlace {
  readonly name: string;
  /** The text in the file, where `${…}` in it was replaced: what may be shown. */
  readonly written?: string;
  readonly at: string;
}

export interface Target extends NamedPlace {
  readonly required: boolean;
  /** The name of a consumer group of its own, for one that is not required. */
  readonly group?: RawValue;
}

export interface PipelineSection extends Section {
  /** Absent: all. */
  readonly from?: readonly NamedPlace[];
  readonly to?: readonly Target[];
}

export interface Sections {
  readonly sources?: readonly Section[];
  readonly receivers?: readonly Section[];
  readonly pipelines?: readonly PipelineSection[];
}

type Complain = (message: string, at: string) => void;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const nameRule = 'at most 64 letters, digits, hyphens, underscores and dots, the first a letter or a digit';

/** @param entries those of the file's top whose key is a section's name */
export function readSections(
  entries: readonly PlainEntry[],
  place: SettingsPlace,
): { readonly sections: Sections; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const complain: Complain = (message, at) => problems.push({ message, at });
  const sections: { -readonly [Key in keyof Sections]: Sections[Key] } = {};
  for (const { key, at, node } of entries) {
    if (node.kind === 'nothing') continue;
    if (key in sections) complain(`${key} is there a second time; give it once`, at);
    else if (node.kind === 'broken') complain(`${key}${node.phrase}`, at);
    else if (key === 'pipelines') sections.pipelines = readPipelines(node, at, place, problems);
    else if (key === 'sources') sections.sources = readNamed('source', { key, node, at }, place, problems);
    else if (key === 'receivers') sections.receivers = readNamed('receiver', { key, node, at }, place, problems);
  }
  return { sections, problems };
}

function readNamed(
  kind: SectionKind,
  { key: title, node, at }: { readonly key: string; readonly node: PlainNode; readonly at: string },
  place: SettingsPlace,
  problems: ConfigProblem[],
): readonly Section[] {
  if (node.kind !== 'mapping' || node.entries.length === 0) {
    problems.push({ message: `${title} takes a mapping of names to settings, with one ${kind} at least`, at });
    return [];
  }
  const sections = new Map<string, Section>();
  for (const { key: name, at: nameAt, node: inner } of node.entries) {
    const path = `${title}.${name}`;
    const first = sections.get(name);
    if (first) problems.push({ message: `${path} is there a second time; the first is at ${first.at}`, at: nameAt });
    else if (inner.kind === 'broken') problems.push({ message: `${path}${inner.phrase}`, at: nameAt });
    else if (!namePattern.test(name)) {
      problems.push({ message: `${JSON.stringify(name)} is no name for a ${kind}: it takes ${nameRule}`, at: nameAt });
    } else if (inner.kind !== 'mapping' && inner.kind !== 'nothing') {
      problems.push({ message: `${path} takes a mapping of settings`, at: nameAt });
    } else {
      const settings = readSettings(inner.kind === 'mapping' ? inner.entries : [], { ...place, section: path, kind });
      problems.push(...settings.problems);
      sections.set(name, { name, path, at: nameAt, values: settings.values });
    }
  }
  return [...sections.values()];
}

function readPipelines(
  node: PlainNode,
  at: string,
  place: SettingsPlace,
  problems: ConfigProblem[],
): readonly PipelineSection[] {
  if (node.kind !== 'list' || node.items.length === 0) {
    problems.push({ message: 'pipelines takes a list of mappings, with one at least', at });
    return [];
  }
  const complain: Complain = (message, itsAt) => problems.push({ message, at: itsAt });
  const pipelines = new Map<string, PipelineSection>();
  for (const [index, item] of node.items.entries()) {
    const path = `pipelines[${index}]`;
    if (item.kind !== 'mapping') {
      complain(`${path}${item.kind === 'broken' ? item.phrase : ' takes a mapping of settings'}`, item.at);
      continue;
    }
    const own = new Map(item.entries.filter(({ key }) => ownKeys.includes(key)).map((entry) => [entry.key, entry]));
    const rest = item.entries.filter((entry) => own.get(entry.key) !== entry);
    const settings = readSettings(rest, { ...place, section: path, kind: 'pipeline', more: ownKeys });
    problems.push(...settings.problems);
    const name = nameOf(own.get('name'), path, complain) ?? `pipeline-${index + 1}`;
    const first = pipelines.get(name);
    if (first) complain(`${path}.name: "${name}" is the name of ${first.path} too; each has one of its own`, item.at);
    const from = own.get('from') && readFrom(own.get('from')!, `${path}.from`, complain);
    const to = own.get('to') && readTo(own.get('to')!, `${path}.to`, place, complain);
    const section = { name, path, at: item.at, values: settings.values, ...(from && { from }), ...(to && { to }) };
    pipelines.set(first ? path : name, section);
  }
  return [...pipelines.values()];
}

const ownKeys: readonly string[] = ['name', 'from', 'to'];

function nameOf(entry: PlainEntry | undefined, path: string, complain: Complain): string | undefined {
  if (!entry || entry.node.kind === 'nothing') return undefined;
  const { node, at } = entry;
  if (node.kind === 'text' && namePattern.test(node.text)) return node.text;
  complain(`${path}.name${node.kind === 'broken' ? node.phrase : ` does not fit: it takes ${nameRule}`}`, at);
  return undefined;
}

/** One, or a list; undefined where it is left out, and there all are meant. */
function itemsOf(entry: PlainEntry, path: string, complain: Complain): readonly PlainNode[] | undefined {
  const { node, at } = entry;
  if (node.kind === 'nothing') return undefined;
  if (node.kind !== 'list') return [{ ...node, at }];
  if (node.items.length === 0) complain(`${path} is an empty list; name one at least, or leave it out for all`, at);
  return node.items;
}

function readFrom(entry: PlainEntry, path: string, complain: Complain): readonly NamedPlace[] | undefined {
  return itemsOf(entry, path, complain)?.flatMap((item, index) => {
    if (item.kind === 'text') return [placeOf(item)];
    complain(`${path}[${index}]${item.kind === 'broken' ? item.phrase : ' takes the name of a source'}`, item.at);
    return [];
  });
}

type PlainText = PlainNode & { readonly kind: 'text' };

function placeOf({ text, written, at }: PlainText): NamedPlace {
  return { name: text, ...(written !== undefined && { written }), at };
}

const targetKeys = ['receiver', 'required', 'group'];

function readTo(
  entry: PlainEntry,
  path: string,
  { baseDirectory }: SettingsPlace,
  complain: Complain,
): readonly Target[] | undefined {
  return itemsOf(entry, path, complain)?.flatMap((item, index): Target[] => {
    const itsPath = `${path}[${index}]`;
    if (item.kind === 'text') return [{ ...placeOf(item), required: true }];
    if (item.kind !== 'mapping') {
      const phrase = item.kind === 'broken' ? item.phrase : ' takes the name of a receiver, or {receiver: name, …}';
      complain(`${itsPath}${phrase}`, item.at);
      return [];
    }
    const texts = new Map<string, PlainText>();
    // The key that is misspelt may be the very one that is missing.
    let isMisspelt = false;
    for (const { key, at, node } of item.entries) {
      const name = kebabCase(key);
      if (!targetKeys.includes(name)) {
        isMisspelt = true;
        complain(`unknown key ${JSON.stringify(key)} in ${itsPath}${didYouMean(name, targetKeys)}`, at);
      } else if (node.kind === 'text') texts.set(name, { ...node, at });
      else if (node.kind === 'broken') complain(`${itsPath}.${name}${node.phrase}`, at);
      else if (node.kind !== 'nothing') complain(`${itsPath}.${name} takes a plain value`, at);
    }
    const receiver = texts.get('receiver');
    if (!receiver && !isMisspelt) complain(`${itsPath}.receiver is missing: the name of a receiver`, item.at);
    const required = switchText.safeParse(texts.get('required')?.text ?? 'true');
    if (!required.success) complain(`${itsPath}.required is neither true nor false`, texts.get('required')!.at);
    const isRequired = required.data ?? true;
    const group = texts.get('group');
    if (group && isRequired) {
      complain(`${itsPath}.group has no meaning without required: false: the source's group is used`, group.at);
    }
    if (!receiver) return [];
    const raw = group && {
      texts: [group.text],
      ...(group.written !== undefined && { written: [group.written] }),
      origin: group.at,
      at: group.at,
      baseDirectory,
      section: itsPath,
    };
    return [{ ...placeOf(receiver), required: isRequired, ...(raw && !isRequired && { group: raw }) }];
  });
}
