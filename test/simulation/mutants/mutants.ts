/**
 * Bugs that the simulation has to find: each is one change of a source file. A simulation that finds none of them proves
 * nothing by its silence.
 */

export interface Mutant {
  readonly name: string;
  /** The bug, in one sentence. */
  readonly what: string;
  /** Under src. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Which invariants may find it; any, where it is left out. */
  readonly invariants?: readonly string[];
  /** A seed that finds it. It is tried first, then 1, 2, 3, … */
  readonly knownSeed: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'sent-is-confirmed',
    what: 'The checkpoint follows what was sent, not what the receiver has confirmed.',
    file: 'sink/ledger.ts',
    find: 'return entry.isConfirmed || !this.#isConfirming || entry.carrier === undefined;',
    replace: 'return true;',
    invariants: ['delivered'],
    knownSeed: '2',
  },
  {
    name: 'any-end-confirms',
    what: 'An end of the peer counts as its confirmation also where we have not ended our side.',
    file: 'sink/syslog/transports/stream-connection.ts',
    find: "if (this.#state !== 'ended') {",
    replace: "if (this.#state === 'lost' || this.#state === 'closed') {",
    knownSeed: '6',
  },
  {
    name: 'silence-confirms',
    what: 'A receiver that does not end its side in time counts as one that has.',
    file: 'sink/syslog/confirm/half-close.ts',
    find: 'return await Promise.race([connection.end(), silence]);',
    replace: `const end = await Promise.race([connection.end(), silence]);
    return end === 'silence' ? { isAuthentic: true } : end;`,
    invariants: ['delivered'],
    knownSeed: '2',
  },
  {
    name: 'one-silence-decides',
    what: 'A receiver that is silent once, when we start, turns confirmation off.',
    file: 'sink/syslog/confirm/answer-search.ts',
    find: "if (this.#state === 'asking') this.#enter('unknown');",
    replace: "if (this.#state === 'asking') this.#enter('off');",
    invariants: ['delivered'],
    knownSeed: '75',
  },
  {
    name: 'lost-is-confirmed',
    what: 'What a connection carried that is lost counts as confirmed.',
    file: 'sink/syslog/sink.ts',
    find: 'this.#reportLost(this.#ledger.lose(connection), error);',
    replace: 'this.#ledger.confirm(connection);',
    invariants: ['delivered'],
    knownSeed: '2',
  },
  {
    name: 'expired-goes-to-end',
    what: 'A shard whose position has expired goes on at its end instead of its beginning.',
    file: 'group/shard/refused-cursor.ts',
    find: "const begin = await service.getCursor(shard, 'begin', signal);",
    replace: "const begin = await service.getCursor(shard, 'end', signal);",
    knownSeed: '7',
  },
  {
    name: 'heartbeat-lists-nothing',
    what: 'The heartbeat does not list the shards that are held.',
    file: 'group/consumer-group.ts',
    find: 'return { held, granted: await service.heartbeat([...held], signal, phase) };',
    replace: 'return { held, granted: await service.heartbeat([], signal, phase) };',
    knownSeed: '3',
  },
  {
    name: 'drops-shard-at-first-refusal',
    what: 'A shard is left when a checkpoint could not be saved once, whatever the reason.',
    file: 'group/checkpoint/checkpointer.ts',
    find: `this.#logNotSaved(error, shard);
      return false;`,
    replace: `shard.ownershipLost(error);
      return true;`,
    knownSeed: '142',
  },
  {
    name: 'fences-by-wall-clock',
    what: 'The fence looks at the wall clock only, which can be set back.',
    file: 'group/heartbeat.ts',
    find: 'return Math.max(monotonicMs - instant.monotonicMs, wallMs - instant.wallMs);',
    replace: 'return wallMs - instant.wallMs + 0 * monotonicMs;',
    knownSeed: '42',
  },
  {
    name: 'no-fence',
    what: 'A consumer that no heartbeat was answered for goes on with its shards.',
    file: 'group/heartbeat.ts',
    find: 'return last !== undefined && this.#sinceMs(last) < this.#options.timeoutMs();',
    replace: 'return last !== undefined;',
    invariants: ['fence'],
    knownSeed: '42',
  },
  {
    name: 'loss-forgotten',
    what: 'A loss that the sink reports does not rewind the shard.',
    file: 'group/held-shards.ts',
    find: 'for (const ticket of tickets) this.#consumers.get(ticket.shard)?.markLost(ticket);',
    replace: 'for (const ticket of tickets) this.#consumers.get(ticket.shard);',
    knownSeed: '2',
  },
  {
    name: 'rewinds-too-late',
    what: 'A rewind pulls again what is behind the lost batch, and not the batch itself.',
    file: 'group/checkpoint/progress.ts',
    find: `const cut = this.#chain.splice(ticket.ordinal - this.#head);
    for (const { ticket: each, taken } of cut) {
      this.#bounds.set(each.from, { to: each.to, taken: taken || each.isAgain === true });
    }
    this.#nextOrdinal = ticket.ordinal;`,
    replace: `const cut = this.#chain.splice(ticket.ordinal - this.#head + 1);
    for (const { ticket: each, taken } of cut) {
      this.#bounds.set(each.from, { to: each.to, taken: taken || each.isAgain === true });
    }
    this.#nextOrdinal = ticket.ordinal + 1;`,
    knownSeed: '2',
  },
  {
    name: 'drain-saves-unconfirmed',
    what: 'A shard that is given up is saved as far as it was pulled, whether or not that is confirmed.',
    file: 'group/shard/shard-consumer.ts',
    find: 'if (!this.#stopped.signal.aborted) await this.#options.checkpointer.saveUntilDone(this, bound);',
    replace: `const pulled = this.#progress?.pulled;
    const saved = this.#progress?.checkpointed;
    const claimed = { unsaved: pulled === saved ? undefined : pulled, markCheckpointed: () => (claimed.unsaved = undefined) };
    const pretended = { shard: this.shard, progress: claimed, stopped: this.stopped, ownershipLost: () => this.stop() };
    if (!this.#stopped.signal.aborted) await this.#options.checkpointer.saveUntilDone(pretended as never, bound);`,
    invariants: ['delivered'],
    knownSeed: '126',
  },
  {
    name: 'drain-does-not-wait',
    what: 'A shard is handed over without waiting for the confirmation of what was sent.',
    file: 'group/shard/shard-consumer.ts',
    find: 'while (this.#progress?.allConfirmed === false && !this.#lostWhileDraining && !deadline.aborted && !signal.aborted) {',
    replace:
      'while (this.#progress === undefined && !this.#lostWhileDraining && !deadline.aborted && !signal.aborted) {',
    knownSeed: '6',
  },
  {
    name: 'hand-over-saves-nothing',
    what: 'A shard is handed over without saving its last checkpoint.',
    file: 'group/shard/shard-consumer.ts',
    find: 'if (!this.#stopped.signal.aborted) await this.#options.checkpointer.saveUntilDone(this, bound);',
    replace: 'if (bound === undefined) await this.#options.checkpointer.saveUntilDone(this, bound);',
    knownSeed: '6',
  },
  {
    name: 'look-ahead-lost',
    what: 'A loss drops the batch of the look-ahead, and the next pull goes on behind it.',
    file: 'group/shard/shard-consumer.ts',
    find: `const prefetch = new Prefetch(() =>
      this.#puller.pull(progress.pulled, progress.bound, this.#end, pass.pulls.signal),
    );`,
    replace: `const all = this as unknown as { next?: string };
    const prefetch = new Prefetch(async () => {
      const pull = await this.#puller.pull(all.next ?? progress.pulled, undefined, this.#end, pass.pulls.signal);
      all.next = pull.nextCursor;
      return pull;
    });`,
    knownSeed: '2',
  },
  {
    name: 'look-ahead-twice',
    what: 'A batch of the look-ahead is taken twice.',
    file: 'group/pull/prefetch.ts',
    find: `const pull = await this.begin();
    this.#next = undefined;`,
    replace: `const pull = (await this.begin()) as Pull & { wasTaken?: boolean };
    if (pull.wasTaken) this.#next = undefined;
    pull.wasTaken = true;`,
    knownSeed: '9',
  },
  {
    name: 'one-name-for-all',
    what: 'All consumers of the group have the same name.',
    file: 'pipeline/build.ts',
    find: 'consumerName: group.consumerName,',
    replace: "consumerName: 'siem',",
    knownSeed: '1',
  },
  {
    name: 'forced-checkpoints',
    what: 'Checkpoints are forced, over those of another owner too.',
    file: 'sls/sls-log-service.ts',
    find: "forceSuccess: 'false'",
    replace: "forceSuccess: 'true'",
    invariants: ['checkpoints'],
    knownSeed: '1',
  },
  {
    name: 'server-error-is-fatal',
    what: 'A 500 of the service ends the process.',
    file: 'sls/error-table.ts',
    find: 'transient: never,',
    replace: 'transient: fatalAtStart,',
    invariants: ['processes'],
    knownSeed: '51',
  },
  {
    name: 'pull-tried-once',
    what: 'A call to the service that fails is not tried again.',
    file: 'sls/caller.ts',
    find: "if (policy === 'once') {",
    replace: "if (policy === 'once' || policy === 'patient') {",
    knownSeed: '3',
  },
  {
    name: 'drained-shard-not-listed',
    what: 'A shard that is being drained is missing from the heartbeat at once: its next owner starts beside us.',
    file: 'group/consumer-group.ts',
    find: 'const held: ReadonlySet<ShardId> = new Set(this.#held.ids);',
    replace: 'const held: ReadonlySet<ShardId> = new Set(this.#held.active.map(({ shard }) => shard));',
    knownSeed: '6',
  },
  {
    name: 'no-pause-between-attempts',
    what: 'What fails is tried again without a pause.',
    file: 'core/backoff.ts',
    find: 'const delayMs = random() * capMs;',
    replace: 'const delayMs = 0 * random() * capMs;',
    knownSeed: '3',
  },
  {
    name: 'delivery-survives-its-connection',
    what: 'What is left of a delivery whose connection was lost goes out over the next one.',
    file: 'sink/ledger.ts',
    find: 'const first = entries.findIndex((entry) => entry.carrier === carrier);',
    replace: `for (const entry of entries) {
        if (entry.carrier !== carrier || entry.isEnded) continue;
        entry.carrier = undefined;
        entry.unwritten = 0;
      }
      const first = entries.findIndex((entry) => entry.carrier === carrier);`,
    knownSeed: '99',
  },
  {
    name: 'first-receiver-confirms-for-all',
    what: 'A batch that goes to several receivers is confirmed when the first of them has confirmed it.',
    file: 'pipeline/flow/fan-out.ts',
    find: "return this.states.every((state) => state === 'confirmed');",
    replace: "return this.states.some((state) => state === 'confirmed');",
    invariants: ['delivered'],
    knownSeed: '9',
  },
  {
    name: 'stream-on-two-receivers',
    what: 'A stream goes to another receiver while the last one still has something of it unconfirmed.',
    file: 'sink/receivers/receivers.ts',
    find: 'if (last) {',
    replace: 'if (last && this.#receivers.length === 1) {',
    knownSeed: '261',
  },
  {
    name: 'strict-order-ignored',
    what: 'With strict order, the next connection is written to before the last one is confirmed.',
    file: 'sink/syslog/confirm/successor.ts',
    find: 'this.#oneAtATime = options.strictOrder;',
    replace: 'this.#oneAtATime = false;',
    knownSeed: '109',
  },
  {
    name: 'saved-under-another-shard',
    what: 'A checkpoint is saved under the number of another shard.',
    file: 'sls/sls-log-service.ts',
    find: 'json: { shard, checkpoint: cursor },',
    replace: 'json: { shard: Math.max(0, shard - 1), checkpoint: cursor },',
    knownSeed: '1',
  },
  {
    name: 'heartbeat-stops-after-failure',
    what: 'No heartbeat follows one that has failed.',
    file: 'group/heartbeat.ts',
    find: 'if (!this.#stopping.signal.aborted && sequence > this.#answered) this.#onFailure(error);',
    replace: 'if (this.#sent > 3) this.#options.clock.cancel(this.#timer);',
    knownSeed: '17',
  },
  {
    name: 'recovery-not-told',
    what: 'The log never says that a trouble of the service is over.',
    file: 'sls/troubles.ts',
    find: 'if (!entry.reported || workedAtMs === undefined) return;',
    replace: 'if (!entry.reported || workedAtMs === undefined || attempts > 0) return;',
    invariants: ['log lines'],
    knownSeed: '3',
  },
  {
    name: 'checkpoint-not-looked-at',
    what: 'A shard is taken up at its beginning, whatever its checkpoint says.',
    file: 'group/pull/start-position.ts',
    find: 'if (checkpoint.cursor !== undefined) return startAt(checkpoint, checkpoint.cursor);',
    replace: `if (checkpoint.cursor !== undefined) {
    return startAt(checkpoint, await service.getCursor(shard, 'begin', signal));
  }`,
    knownSeed: '1',
  },
  {
    name: 'taken-up-at-end',
    what: 'A shard that changes hands is taken up at its end.',
    file: 'group/pull/start-position.ts',
    find: 'if (checkpoint.cursor !== undefined) return startAt(checkpoint, checkpoint.cursor);',
    replace: `if (checkpoint.cursor !== undefined) {
    return startAt(checkpoint, await service.getCursor(shard, 'end', signal));
  }`,
    invariants: ['delivered', 'order'],
    knownSeed: '1',
  },
  {
    name: 'budget-leaks',
    what: 'A batch that is delivered does not give its bytes back to the budget.',
    file: 'group/pull/puller.ts',
    find: `pulled.release?.();
          permit.release();`,
    replace: `pulled.release?.();
          slot.end();`,
    knownSeed: '12',
  },
  {
    name: 'finished-at-first-end',
    what: 'A shard is taken for finished when it has been read to its end once.',
    file: 'group/pull/puller.ts',
    find: 'isFinal: atEnd && (wasReadOnly || end.isFinal),',
    replace: 'isFinal: atEnd || wasReadOnly,',
    invariants: ['liveness'],
    knownSeed: '0',
  },
  {
    name: 'dials-once',
    what: 'A receiver that refuses a connection is not dialled again.',
    file: 'sink/syslog/link/dialer.ts',
    find: 'this.#reachability.failed(networkError(thrown));',
    replace: `this.#reachability.failed(networkError(thrown));
        throw thrown;`,
    knownSeed: '2',
  },
  {
    name: 'failed-delivery-not-rewound',
    what: 'A batch that could not be written to its end is not pulled again.',
    file: 'group/shard/shard-consumer.ts',
    find: `progress.rewind(ticket);
      throw error;`,
    replace: 'throw error;',
    knownSeed: '44',
  },
  {
    name: 'old-key-for-ever',
    what: 'A key that was rotated is not read anew.',
    file: 'sls/caller.ts',
    find: `troubles.failed(call, error);
    if (mayRenew && (await this.#renewal.renew(credentials, signal))) return true;`,
    replace: 'troubles.failed(call, error);',
    knownSeed: '26',
  },
  {
    name: 'save-outlives-its-shard',
    what: 'A save goes on when its shard is left.',
    file: 'group/checkpoint/checkpointer.ts',
    find: 'for (const each of [signal, shard.stopped]) each.addEventListener(',
    replace: 'for (const each of [signal]) each.addEventListener(',
    invariants: ['checkpoints', 'cost'],
    knownSeed: '214',
  },
  {
    name: 'terms-not-followed',
    what: 'The timeout that the group is set to is not followed.',
    file: 'group/live-group-settings.ts',
    find: 'this.#timeoutMs = timeoutMs;\n    this.#logTimeout();',
    replace: 'this.#logTimeout();',
    knownSeed: '7',
  },
  {
    name: 'page-ends-the-process',
    what: 'A proxy’s page as the answer at start ends the process.',
    file: 'sls/error-table.ts',
    find: "'not-the-service': never,",
    replace: "'not-the-service': fatalAtStart,",
    invariants: ['processes'],
    knownSeed: '82',
  },
  {
    name: 'expired-at-first-refusal',
    what: 'A cursor that is refused once has expired.',
    file: 'group/shard/refused-cursor.ts',
    find: 'const { cursor, begin, cursorSec, beginSec, isEmpty, savedSec, wasServed, refusals, overMs } = evidence;',
    replace:
      "if (evidence.refusals > 0) return { is: 'expired', fromSec: undefined };\n  const { cursor, begin, cursorSec, beginSec, isEmpty, savedSec, wasServed, refusals, overMs } = evidence;",
    knownSeed: '38',
  },
  {
    name: 'missing-groups-taken',
    what: 'A body with fewer log groups than its answer says is taken for whole.',
    file: 'encode/wire/group-count.ts',
    find: 'if (found === undefined || found >= logGroups) return;',
    replace: 'if (found === undefined || found > 0) return;',
    invariants: ['delivered', 'order'],
    knownSeed: '48',
  },
  {
    name: 'others-not-waited-for',
    what: 'When the group was deleted, a shard of somebody else is begun at once.',
    file: 'group/checkpoint/group-recovery.ts',
    find: "return isNewShard === 'perhaps' ? Math.max(waitMs, graceMs() + longestSaveMs) : waitMs;",
    replace: 'return Math.min(waitMs, 0);',
    invariants: ['delivered'],
    knownSeed: '142',
  },
  {
    name: 'cut-pull-as-large',
    what: 'A pull that was cut off is asked for again as large as it was.',
    file: 'group/pull/puller.ts',
    find: 'if (isCut) size.narrow(logGroups ?? 0);',
    replace: 'if (isCut && logGroups === -1) size.narrow(0);',
    invariants: ['liveness'],
    knownSeed: '256',
  },
  {
    name: 'little-is-not-paced',
    what: 'A shard that has little is pulled as often as the way allows.',
    file: 'group/pull/idle-pause.ts',
    find: 'const leftMs = this.#pulledAtMs + spacingMs - this.#clock.monotonic();',
    replace: 'const leftMs = Math.min(0, spacingMs);',
    invariants: ['quotas'],
    knownSeed: '188',
  },
];
