/**
 * Fault switches: which fault, for which action, how often. Set by tests, directly or over the admin API.
 *
 * A rule applies to the next `times` requests of its action (without `times`: until the rule is cleared), each with its
 * `probability`. The first rule that applies decides.
 */
import { z } from 'zod';
import { createRandom, type Random } from '../generate/random.ts';
import { ACTIONS, type Action } from '../protocol/routes.ts';

const faultSchema = z.discriminatedUnion('kind', [
  /** The request is not carried out, and gets an error answer. */
  z.strictObject({
    kind: z.literal('error'),
    status: z.int().min(400).max(599),
    /** The service's error code; absent: the usual one for the status. */
    code: z.string().optional(),
    message: z.string().optional(),
  }),
  /** The request is carried out after a delay. */
  z.strictObject({ kind: z.literal('latency'), delayMs: z.number().min(0).max(600_000) }),
  /** The request is not carried out, and the connection is reset. */
  z.strictObject({ kind: z.literal('reset') }),
  /** The request is carried out, then the connection is reset: the client cannot know whether it was. */
  z.strictObject({ kind: z.literal('lost-answer') }),
  /** The headers and half of the body are sent, then the connection is reset. */
  z.strictObject({ kind: z.literal('reset-in-body') }),
  /** PullLogs: a complete HTTP answer whose body lacks its second half. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** PullLogs: the second half of the compressed body is overwritten with 0xff. */
  z.strictObject({ kind: z.literal('corrupt-body') }),
  /** PullLogs: `x-log-bodyrawsize` is wrong by `byBytes`. */
  z.strictObject({ kind: z.literal('wrong-raw-size'), byBytes: z.int() }),
  /** PullLogs: the body is compressed correctly, but its content is not a LogGroupList. */
  z.strictObject({ kind: z.literal('garbage-protobuf') }),
]);

const ruleSchema = z.strictObject({
  /** Absent: every action. */
  action: z.enum(ACTIONS).optional(),
  fault: faultSchema,
  times: z.int().min(1).optional(),
  probability: z.number().min(0).max(1).optional(),
});

const settingsSchema = z.strictObject({
  rules: z.array(ruleSchema),
  /** Every heartbeat answers 500 InternalServerError: after its timeout the group drops the consumer. */
  heartbeatsRefused: z.boolean(),
  /** Every checkpoint answers ConsumerNotMatch, as to a consumer that lost its shard. */
  checkpointsRefused: z.boolean(),
  /** Every request answers 401 Unauthorized, until the credentials are replaced (or the switch is turned off). */
  credentialsExpired: z.boolean(),
});

/** The body of `POST /__emulator/faults`: absent keys keep their values. */
export const faultChangesSchema = settingsSchema.partial();

export type Fault = z.infer<typeof faultSchema>;
export type FaultRule = z.infer<typeof ruleSchema>;
export type FaultSettings = z.infer<typeof settingsSchema>;
export type FaultChanges = z.infer<typeof faultChangesSchema>;

export type FaultStage = 'request' | 'body';

const STAGES: Readonly<Record<Fault['kind'], FaultStage>> = {
  error: 'request',
  latency: 'request',
  reset: 'request',
  'lost-answer': 'request',
  'reset-in-body': 'body',
  'cut-body': 'body',
  'corrupt-body': 'body',
  'wrong-raw-size': 'body',
  'garbage-protobuf': 'body',
};

export interface FaultSwitches {
  /** Sets the given keys; the others stay. */
  set(changes: FaultChanges): void;
  clear(): void;
  /** The current settings, with `times` counted down. */
  readonly settings: FaultSettings;
  /** Faults injected since the start, by kind (`heartbeat-refused` and the like for the switches). */
  readonly injected: Readonly<Record<string, number>>;
  /**
   * The fault for a request, if any; counts it. Called twice: when the request has come in, and when its answer has a
   * body (an empty pull does not use up a fault of the body).
   */
  next(action: Action, stage: FaultStage): Fault | undefined;
}

function noFaults(): FaultSettings {
  return { rules: [], heartbeatsRefused: false, checkpointsRefused: false, credentialsExpired: false };
}

export function createFaultSwitches(seed: number): FaultSwitches {
  const random = createRandom(seed);
  const injected: Record<string, number> = {};
  let settings = noFaults();

  return {
    set(changes) {
      // Parsed, so that a test's mistake does not pass as "no fault"; parsing also copies, as `times` is counted down.
      const given = faultChangesSchema.parse(changes);
      settings = {
        rules: given.rules ?? settings.rules,
        heartbeatsRefused: given.heartbeatsRefused ?? settings.heartbeatsRefused,
        checkpointsRefused: given.checkpointsRefused ?? settings.checkpointsRefused,
        credentialsExpired: given.credentialsExpired ?? settings.credentialsExpired,
      };
    },
    clear() {
      settings = noFaults();
    },
    get settings() {
      return structuredClone(settings);
    },
    injected,
    next(action, stage) {
      const bySwitch = stage === 'request' ? switchFault(settings, action) : undefined;
      const [name, fault] = bySwitch ?? ruleFault(settings.rules, action, stage, random) ?? [];
      settings.rules = settings.rules.filter((rule) => rule.times !== 0);
      if (name !== undefined) injected[name] = (injected[name] ?? 0) + 1;
      return fault;
    },
  };
}

function switchFault(settings: FaultSettings, action: Action): [string, Fault] | undefined {
  if (settings.credentialsExpired) {
    const message = 'The security token you provided has expired.';
    return ['credentials-expired', { kind: 'error', status: 401, code: 'Unauthorized', message }];
  }
  if (settings.heartbeatsRefused && action === 'HeartBeat') {
    return ['heartbeat-refused', { kind: 'error', status: 500, code: 'InternalServerError' }];
  }
  if (settings.checkpointsRefused && action === 'UpdateCheckPoint') {
    const message = 'the shard is owned by another consumer';
    return ['checkpoint-refused', { kind: 'error', status: 400, code: 'ConsumerNotMatch', message }];
  }
  return undefined;
}

function ruleFault(rules: FaultRule[], action: Action, stage: FaultStage, random: Random): [string, Fault] | undefined {
  for (const rule of rules) {
    if (STAGES[rule.fault.kind] !== stage) continue;
    if (rule.action !== undefined && rule.action !== action) continue;
    if (rule.probability !== undefined && random.next() >= rule.probability) continue;
    if (rule.times !== undefined) rule.times--;
    return [rule.fault.kind, rule.fault];
  }
  return undefined;
}
