/**
 * The admin API, by which a test drives an emulator in another process; unsigned, and on loopback like all of the
 * emulator. Bodies and answers are JSON; `project` and `logstore`, where an action takes them, default to the
 * emulator's own.
 *
 *     GET    stats                                   EmulatorStats
 *     GET    position?shard=&cursor=                 {"sequence": first sequence number at or after the cursor}
 *     GET    faults, POST faults, DELETE faults      FaultSettings; POST changes the keys that are given
 *     POST   append    {"logs", "shard"?, "profile"?, "receivedOverMs"?}     → {"logs"}
 *     POST   rate      {"logsPerSecond", "profile"?}
 *     POST   split     {"shard", "key"?, "parts"?}                           → {"shards": [ids of the children]}
 *     POST   merge     {"shard"}                                             → {"shard": id of the merged shard}
 *     POST   expire    {"shard"?, "logGroups"?}                              → {"logGroups": dropped}
 *     POST   credentials [{"accessKeyId", "accessKeySecret", "securityToken"?}]
 *     POST   warm      {"maxLogGroups"?}              compresses the pulls from begin to end beforehand
 */
import { z } from 'zod';
import { parseQuery, type SignedRequest } from './auth/signed-request.ts';
import type { EmulatorControls } from './controls.ts';
import { faultChangesSchema } from './faults/faults.ts';
import { isProfileName, type ProfileName } from './generate/generator.ts';
import { type ApiAnswer, json, parseJson } from './handlers/handler.ts';
import { ApiError, parameterInvalid } from './protocol/api-error.ts';

const reference = { project: z.string().optional(), logstore: z.string().optional() };
const profile = z.custom<ProfileName>(
  (value) => typeof value === 'string' && isProfileName(value),
  'must be access, audit, nasty or file:PATH',
);
const shard = z.int().min(0);

const appendSchema = z.strictObject({
  ...reference,
  logs: z.int().min(1),
  shard: shard.optional(),
  profile: profile.optional(),
  receivedOverMs: z.number().min(0).optional(),
});
const rateSchema = z.strictObject({ logsPerSecond: z.number().min(0), profile: profile.optional() });
const splitSchema = z.strictObject({
  ...reference,
  shard,
  key: z.string().optional(),
  parts: z.int().min(2).optional(),
});
const mergeSchema = z.strictObject({ ...reference, shard });
const expireSchema = z.strictObject({
  ...reference,
  shard: shard.optional(),
  logGroups: z.int().min(0).optional(),
});
const warmSchema = z.strictObject({ maxLogGroups: z.int().min(1).max(1000).optional() });
const positionSchema = z.strictObject({ ...reference, shard: z.coerce.number().int().min(0), cursor: z.string() });
const credentialsSchema = z.array(
  z.strictObject({
    accessKeyId: z.string().min(1),
    accessKeySecret: z.string().min(1),
    securityToken: z.string().min(1).exactOptional(),
  }),
);

export interface Admin {
  /** @param path the path behind the admin prefix @throws ApiError */
  handle(request: SignedRequest, path: string): ApiAnswer;
}

export function createAdmin(emulator: EmulatorControls): Admin {
  const actions: Readonly<Record<string, (request: SignedRequest) => unknown>> = {
    'GET stats': () => emulator.stats(),
    'GET position': ({ rawQuery }) => {
      const query = Object.fromEntries(parseQuery(rawQuery, 'space').map(({ key, value }) => [key, value]));
      const { cursor, ...target } = check(positionSchema, query);
      return { sequence: emulator.position(cursor, target) };
    },
    'GET faults': () => emulator.faults.settings,
    'POST faults': (request) => {
      emulator.faults.set(read(faultChangesSchema, request));
      return emulator.faults.settings;
    },
    'DELETE faults': () => {
      emulator.faults.clear();
      return emulator.faults.settings;
    },
    'POST append': (request) => ({ logs: emulator.append(read(appendSchema, request)) }),
    'POST rate': (request) => {
      emulator.setRate(read(rateSchema, request));
      return {};
    },
    'POST split': (request) => ({ shards: emulator.split(read(splitSchema, request)) }),
    'POST merge': (request) => ({ shard: emulator.merge(read(mergeSchema, request)) }),
    'POST expire': (request) => ({ logGroups: emulator.expire(read(expireSchema, request)) }),
    'POST warm': (request) => {
      emulator.fillPullCache(read(warmSchema, request));
      return {};
    },
    'POST credentials': (request) => {
      emulator.setCredentials(read(credentialsSchema, request));
      return {};
    },
  };

  return {
    handle(request, path) {
      const action = actions[`${request.method} ${path}`];
      if (!action) {
        const known = Object.keys(actions).join(', ');
        throw new ApiError(404, 'NotSupported', `${request.method} ${path} is not an admin action: ${known}`);
      }
      return json(action(request));
    },
  };
}

function read<T>(schema: z.ZodType<T>, request: SignedRequest): T {
  return check(schema, parseJson(request.body));
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw parameterInvalid(z.prettifyError(result.error));
  return result.data;
}
