/** What flows have in common, and what they must not have. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigProblem } from '../../core/errors.ts';
import type { Config, Flow, MessageConfig } from '../model/config.ts';
import type { FlowPlan } from '../model/flows.ts';
import { problemOf } from '../sources/raw-value.ts';

/** Makes equal parts of configurations one object, so that what is shared can be told by identity. One a load. */
export class ConfigInterner {
  readonly #kept = new Map<keyof Config, unknown[]>();

  intern(config: Config): Config {
    const parts = Object.entries(config) as [keyof Config, unknown][];
    return Object.fromEntries(parts.map(([name, part]) => [name, this.#one(name, part)])) as unknown as Config;
  }

  #one(name: keyof Config, part: unknown): unknown {
    const kept = this.#kept.get(name) ?? [];
    this.#kept.set(name, kept);
    const same = kept.find((each) => isSame(each, part));
    if (same === undefined) kept.push(part);
    return same ?? part;
  }
}

/** How long a drain may take depends on a source's heartbeats, where nobody has said it: the shortest holds for all. */
export function withOneOperation(flows: readonly Flow[]): readonly Flow[] {
  const operations = flows.map(({ config }) => config.operation);
  const [operation] = operations.toSorted((a, b) => a.drainTimeoutMs - b.drainTimeoutMs);
  return flows.map((flow) => ({ ...flow, config: { ...flow.config, ...(operation && { operation }) } }));
}

function isSame(a: unknown, b: unknown): boolean {
  const [one, other] = [a, b].map((part) => (part as Partial<MessageConfig>).fingerprint);
  return one === undefined ? isDeepStrictEqual(a, b) : one === other;
}

/** What came of a plan, and the plan, which knows where it is written. */
export interface PlannedFlow {
  readonly flow: Flow;
  readonly plan: FlowPlan;
}

/** Two consumers of one process under one name, and two flows that write to one dead-letter file. */
export function clashesOf(flows: readonly PlannedFlow[]): readonly ConfigProblem[] {
  return [...groupClashes(flows), ...deadLetterClashes(flows)];
}

function groupClashes(flows: readonly PlannedFlow[]): readonly ConfigProblem[] {
  const owners = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const { flow, plan } of flows) {
    const { source, receiver, pipeline, required, config } = flow;
    const { service, group } = config;
    const place = JSON.stringify([service.endpoint, service.project, service.logstore, group.name]);
    const owner = required ? `source ${source}` : `source ${source} to ${receiver} in pipeline ${pipeline}`;
    const other = owners.get(place);
    owners.set(place, other ?? owner);
    if (other === undefined || (required && other === owner)) continue;
    const section = required ? plan.sections.source : plan.sections.pipeline;
    problems.push({
      message: `${owner} and ${other} read ${service.project}/${service.logstore} in the same consumer group "${group.name}": each would get a part of the shards; give one of them a group of its own`,
      ...(section && { path: section.path, at: section.at }),
    });
  }
  return problems;
}

function deadLetterClashes(flows: readonly PlannedFlow[]): readonly ConfigProblem[] {
  const owners = new Map<string, Flow>();
  for (const { flow, plan } of flows) {
    const path = flow.config.delivery.deadLetter?.path;
    if (path === undefined) continue;
    const other = owners.get(path);
    if (other) return [deadLetterClash(flow, other, plan)];
    owners.set(path, flow);
  }
  return [];
}

function deadLetterClash(flow: Flow, other: Flow, plan: FlowPlan): ConfigProblem {
  const differing = (['source', 'receiver', 'pipeline'] as const).filter((name) => flow[name] !== other[name]);
  const names = differing.map((name) => `{${name}}`).join(' and ');
  const phrase = `: several flows would write to one file; put ${names} into its name`;
  return problemOf('deadLetter', phrase, plan.written.get('deadLetter'));
}
