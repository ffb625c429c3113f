/** Configurations for tests: everything that is required is there, and a test changes what it is about. */
import { type Flags, type LoadedFlows, loadFlows } from '../../../src/config/load.ts';
import type { Config, Flow } from '../../../src/config/model/config.ts';
import type { Surroundings } from '../../../src/config/model/derive.ts';
import { type SettingKey, settingByName } from '../../../src/config/settings/settings.ts';
import { ConfigError, type ConfigProblem } from '../../../src/core/errors.ts';
import { checkTls } from '../../../src/sink/tls/tls-check.ts';

export const requiredEnvironment = {
  SLS_ENDPOINT: 'cn-hangzhou.log.aliyuncs.com',
  SLS_PROJECT: 'web-logs',
  SLS_LOGSTORE: 'access_log',
  SLS_AK_ID: 'LTAI5tExampleKeyId',
  SLS_AK_KEY: 'example-key-secret',
  SLS_CG: 'siem',
  SYSLOG_HOST: 'siem.corp',
} as const;

export function testSurroundings(overrides: Partial<Surroundings> = {}): Surroundings {
  return {
    environment: requiredEnvironment,
    workingDirectory: '/nowhere',
    hostname: 'web-1.corp',
    processId: 4711,
    now: () => Date.parse('2026-11-20T10:11:12Z'),
    isTerminal: false,
    checkTls: (tls) => checkTls(tls, Date.now()),
    resolveRegion: (endpoint) => /\/\/([a-z]+-[a-z]+)\.log\.aliyuncs\.com$/.exec(endpoint)?.[1],
    ...overrides,
  };
}

/** `{ '--port': '514' }` as the command line would hand it over. */
export function flags(
  given: Readonly<Record<string, string | readonly string[]>> = {},
  workingDirectory = '/nowhere',
): Flags {
  const values = new Map(
    Object.entries(given).map(([flag, value]) => {
      const key = settingByName.get(flag.replace(/^--/, ''));
      if (key === undefined) throw new TypeError(`no such setting: ${flag}`);
      const texts = typeof value === 'string' ? [value] : value;
      return [key satisfies SettingKey, { texts, origin: flag, baseDirectory: workingDirectory }] as const;
    }),
  );
  return { values, problems: [] };
}

/** Loads with what is required set by variables; `undefined` unsets one. The first flow's configuration is at hand. */
export function load(
  environment: Readonly<Record<string, string | undefined>> = {},
  given: Readonly<Record<string, string | readonly string[]>> = {},
  surroundings: Partial<Surroundings> = {},
): LoadedFlows & { readonly config: Config } {
  const loaded = loadFlows(
    flags(given, surroundings.workingDirectory),
    testSurroundings({ ...surroundings, environment: { ...requiredEnvironment, ...environment } }),
  );
  return { ...loaded, config: (loaded.flows[0] as Flow).config };
}

/** The problems that loading ends with. */
export function problemsOf(...args: Parameters<typeof load>): readonly ConfigProblem[] {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was expected to be refused');
}
