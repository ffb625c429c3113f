/** What can happen to a request and its answer on the way between a daemon and the service. */
import type { Action } from '../../../src/emulator/protocol/routes.ts';

export type HttpFaultKind =
  /** The request gets lost; nobody answers. */
  | { readonly kind: 'drop' }
  /** The connection is reset before the request is carried out. */
  | { readonly kind: 'reset' }
  /** It arrives twice. */
  | { readonly kind: 'duplicate' }
  /** It takes so much longer, one way. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Somebody in between answers, and it is not carried out: a proxy's page. */
  | { readonly kind: 'page'; readonly status: number }
  /** The service refuses it. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** It is carried out, and the answer gets lost: silence, or a reset. */
  | { readonly kind: 'lose-answer'; readonly silent: boolean }
  /** The answer comes at so many bytes a second. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Of a pull's body. */
  | { readonly kind: 'reset-in-body' }
  | { readonly kind: 'cut-body' }
  | { readonly kind: 'corrupt-body' }
  | { readonly kind: 'garbage-protobuf' }
  | { readonly kind: 'wrong-raw-size'; readonly byBytes: number }
  /** It holds half of the groups that the answer speaks of. */
  | { readonly kind: 'half-of-groups' };

export interface HttpFault {
  readonly fault: HttpFaultKind;
  readonly probability: number;
  /** Absent: every action, every shard, every daemon. */
  readonly actions?: readonly Action[];
  readonly shard?: number;
  readonly daemon?: string;
  /** So many times, then never again. */
  times?: number;
}

/** What is wrong at present; the first that applies decides, at each of the three moments that it can apply at. */
export class HttpFaults {
  readonly #active = new Set<HttpFault>();
  readonly #random: () => number;
  readonly #onFault: (kind: string) => void;

  constructor(random: () => number, onFault: (kind: string) => void) {
    this.#random = random;
    this.#onFault = onFault;
  }

  /** @returns what ends it */
  add(fault: HttpFault): () => void {
    this.#active.add(fault);
    return () => this.#active.delete(fault);
  }

  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  next(
    stage: 'request' | 'answer' | 'body',
    daemon: string,
    action: Action | undefined,
    shard: number | undefined,
  ): HttpFaultKind | undefined {
    if (this.#active.size === 0) return undefined;
    for (const each of this.#active) {
      if (stageOf(each.fault.kind) !== stage || each.times === 0) continue;
      if (each.daemon !== undefined && each.daemon !== daemon) continue;
      if (each.actions && (action === undefined || !each.actions.includes(action))) continue;
      if (each.shard !== undefined && each.shard !== shard) continue;
      if (each.probability < 1 && this.#random() >= each.probability) continue;
      if (each.times !== undefined) each.times--;
      this.#onFault(each.fault.kind);
      return each.fault;
    }
    return undefined;
  }
}

function stageOf(kind: HttpFaultKind['kind']): 'request' | 'answer' | 'body' {
  switch (kind) {
    case 'drop':
    case 'reset':
    case 'duplicate':
    case 'delay':
    case 'page':
    case 'refuse':
      return 'request';
    case 'lose-answer':
    case 'slow':
      return 'answer';
    default:
      return 'body';
  }
}
