/**
 * The vendor's list form of several logstores, in the environment (its example that ships several to one place):
 *
 *     SLS_ENDPOINTS=cn-hangzhou.log.aliyuncs.com;cn-beijing.log.aliyuncs.com
 *     SLS_PROJECTS=shop;bank                     one for each endpoint; or one endpoint for all projects
 *     SLS_LOGSTORES=access,error;audit           `;` between projects, `,` between the logstores of one
 *
 * Each logstore is a source, `<project>.<logstore>`; all of them go through one pipeline. Pure.
 */
import type { ConfigProblem } from '../../core/errors.ts';
import type { SettingKey } from '../settings/settings.ts';
import type { RawValue } from './raw-value.ts';
import type { Section } from './sections.ts';
import type { Variables } from './variables.ts';

const names = { endpoint: 'SLS_ENDPOINTS', project: 'SLS_PROJECTS', logstore: 'SLS_LOGSTORES' } as const;
export const vendorListVariables: readonly string[] = Object.values(names);

export interface VendorLists {
  /** Absent where no list is set. */
  readonly sources?: readonly Section[];
  readonly problems: readonly ConfigProblem[];
}

export function readVendorLists(variables: Variables, baseDirectory: string): VendorLists {
  const texts = new Map(vendorListVariables.map((name) => [name, variables.get(name)]));
  const set = vendorListVariables.filter((name) => texts.get(name));
  if (set.length === 0) return { problems: [] };
  const refuse = (variable: string, message: string): VendorLists => ({
    sources: [],
    problems: [{ message: `${variable} ${message}`, variable }],
  });
  const missing = [names.project, names.logstore].find((name) => !texts.get(name));
  if (missing) return refuse(missing, `is missing: it belongs to ${set.join(' and ')}`);
  const endpoints = texts.get(names.endpoint) ? split(texts.get(names.endpoint), ';') : [];
  const projects = split(texts.get(names.project), ';');
  const logstores = split(texts.get(names.logstore), ';').map((part) => split(part, ','));
  if (logstores.length !== projects.length) {
    return refuse(
      names.logstore,
      `has logstores of ${logstores.length} projects, but ${names.project} names ${projects.length}; put ";" between projects and "," between the logstores of one`,
    );
  }
  if (endpoints.length > 1 && endpoints.length !== projects.length) {
    return refuse(
      names.endpoint,
      `has ${endpoints.length} endpoints for ${projects.length} projects; give one for each, or one for all`,
    );
  }
  const raw = (key: keyof typeof names, text: string, section: string): [SettingKey, RawValue] => [
    key,
    { texts: [text], origin: names[key], at: names[key], baseDirectory, section },
  ];
  const sources = new Map<string, Section>();
  for (const [index, project] of projects.entries()) {
    const endpoint = endpoints[endpoints.length === 1 ? 0 : index];
    for (const logstore of logstores[index] ?? []) {
      const wanted = `${project}.${logstore}`;
      const name = sources.has(wanted) ? `${wanted}-${index + 1}` : wanted;
      const path = `sources.${name}`;
      const values = new Map([raw('project', project, path), raw('logstore', logstore, path)]);
      if (endpoint !== undefined) values.set(...raw('endpoint', endpoint, path));
      sources.set(name, { name, path, at: names.logstore, values });
    }
  }
  return { sources: [...sources.values()], problems: [] };
}

function split(text: string | undefined, separator: string): readonly string[] {
  const parts = (text ?? '').split(separator).map((part) => part.trim());
  // A separator at the very end separates nothing.
  return parts.length > 1 && parts.at(-1) === '' ? parts.slice(0, -1) : parts;
}
