import { describe, expect, it } from 'vitest';
import type { Config, Flow } from '../../../../src/config/model/config.ts';
import { compareFlows, feedNames, flowNames, maxInFlightBytes, planFeeds } from '../../../../src/pipeline/flow/plan.ts';
import { load } from '../../../support/daemons/config.ts';

const { config } = load();

interface Changes {
  readonly service?: Partial<Config['service']>;
  readonly group?: Partial<Config['group']>;
  readonly message?: Partial<Config['message']>;
  readonly receiver?: Partial<Config['receiver']>;
  readonly operation?: Partial<Config['operation']>;
}

/** `web>siem` of pipeline `p`. */
function flow(way: string, changes: Changes = {}, required = true): Flow {
  const [source = '', receiver = ''] = way.split('>');
  const service = { ...config.service, logstore: source, ...changes.service };
  const name = required ? 'siem' : `siem-${receiver}`;
  return {
    pipeline: 'p',
    source,
    receiver,
    required,
    config: {
      ...config,
      service,
      group: { ...config.group, name, ...changes.group },
      message: { ...config.message, ...changes.message },
      receiver: { ...config.receiver, host: receiver, ...changes.receiver },
      operation: { ...config.operation, ...changes.operation },
    },
  };
}

describe('feeds', () => {
  it('are one for all required flows of a source, and one for each that is not', () => {
    const plans = planFeeds([flow('web>a'), flow('app>a'), flow('web>b'), flow('web>c', {}, false)]);
    const shown = plans.map(({ flows }) => flows.map(({ source, receiver }) => `${source}>${receiver}`));
    expect(shown).toEqual([['web>a', 'web>b'], ['app>a'], ['web>c']]);
    expect(plans.map(feedNames)).toEqual([{ source: 'web' }, { source: 'app' }, { source: 'web', receiver: 'c' }]);
  });

  it('have no names where there are no sections', () => {
    const only: Flow = { pipeline: 'default', source: 'default', receiver: 'default', required: true, config };
    expect(planFeeds([only]).map(feedNames)).toEqual([{}]);
    expect(flowNames(only)).toEqual({});
    expect(flowNames(flow('web>a'))).toEqual({ pipeline: 'p', source: 'web', receiver: 'a' });
  });

  it('share the largest budget that is given', () => {
    const small = flow('web>a', { group: { maxInFlightBytes: 5 } });
    expect(maxInFlightBytes([small, flow('app>a', { group: { maxInFlightBytes: 7 } })])).toBe(7);
  });
});

describe('what a new configuration changes', () => {
  const withRules = (pattern: string) => {
    const rules = `[{when: {field: url, regex: "${pattern}"}, severity: alert}]`;
    return { message: load({}, { '--rules': rules }).config.message };
  };
  const running = [flow('web>a', withRules('^/admin')), flow('app>a'), flow('web>b'), flow('db>b', {}, false)];

  function compare(wanted: readonly Flow[]): Record<string, unknown> {
    const { kept, changed, added, removed, needRestart } = compareFlows(running, wanted);
    const names = (plans: typeof kept) => plans.map(({ source }) => source).join(' ');
    return {
      kept: names(kept),
      changed: names(changed),
      added: names(added),
      removed: names(removed),
      ...(needRestart.length > 0 && { needRestart }),
    };
  }

  it.each<[string, readonly Flow[], Record<string, unknown>]>([
    [
      'nothing: rules that are read anew are the same rules',
      [flow('web>a', withRules('^/admin')), ...structuredClone(running.slice(1))],
      { kept: 'web app db', changed: '', added: '', removed: '' },
    ],
    [
      'nothing: in another order it is the same',
      running.toReversed(),
      { kept: 'db web app', changed: '', added: '', removed: '' },
    ],
    [
      'a rule',
      [flow('web>a', withRules('^/login')), ...running.slice(1)],
      { kept: 'app db', changed: 'web', added: '', removed: '' },
    ],
    [
      'a source more, one less',
      [...running.slice(0, 3), flow('new>a')],
      { kept: 'web app', changed: '', added: 'new', removed: 'db' },
    ],
    [
      'a receiver: all feeds that go there, with all that they feed',
      running.map((each) =>
        each.receiver === 'b' ? flow(`${each.source}>b`, { receiver: { port: 1 } }, each.required) : each,
      ),
      { kept: 'app', changed: 'web db', added: '', removed: '' },
    ],
    [
      'another pipeline for a source',
      [...running, flow('app>b')],
      { kept: 'web db', changed: 'app', added: '', removed: '' },
    ],
    [
      'how messages are written',
      running.map((each) =>
        each.source === 'app' ? flow('app>a', { message: load({ SYSLOG_SEVERITY: '1' }).config.message }) : each,
      ),
      { kept: 'web db', changed: 'app', added: '', removed: '' },
    ],
    [
      'another group: another feed',
      running.map((each) => (each.source === 'app' ? flow('app>a', { group: { name: 'new' } }) : each)),
      { kept: 'web db', changed: '', added: 'app', removed: 'app' },
    ],
    [
      'the process’s own settings, which no feed has to stop for',
      running.map(({ config: each, ...rest }) => ({
        ...rest,
        config: {
          ...each,
          group: { ...each.group, maxInFlightBytes: 1 },
          operation: { ...each.operation, logLevel: 'debug', encoder: 'reference' },
        },
      })),
      { kept: 'web app db', changed: '', added: '', removed: '', needRestart: ['logLevel', 'encoder'] },
    ],
  ])('%s', (_, wanted, expected) => {
    expect(compare(wanted)).toEqual(expected);
  });
});
