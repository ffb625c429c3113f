/**
 * Leads that differ by log: by the rules' decision, and by texts from the log's fields. A lead is kept for each
 * decision and combination of values, up to MAX_KEPT_LEADS.
 */
import type { ColumnValue, Decision } from '../../rules/evaluate.ts';
import { latin1 } from '../../rules/field-selection.ts';
import { type HeaderText, MAX_FIELD_BYTES } from '../../rules/header-text.ts';
import type { ClassRule, Rules } from '../../rules/rules.ts';
import type { ColumnNames } from '../text/columns.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import type { IdentitySource, Lead, Leads } from './lead.ts';

/** Bounded, as a field may have another value in every log. */
const MAX_KEPT_LEADS = 1024;

type CompiledPart = string | { readonly column: number; readonly orElse: string };

/** What one lead is made from. */
export interface LeadChoice<Name extends string> {
  /** The texts with fields in them; the other texts are the same in all messages. */
  readonly texts: Partial<Record<Name, string>>;
  readonly rule: ClassRule | undefined;
  /** The severity that was decided; undefined: none was. */
  readonly severity: number | undefined;
}

export interface LeadsByLogParts<Name extends string> {
  /** The names of the fields in `texts` are added here. */
  readonly columns: ColumnNames;
  /** Undefined: there are no rules. */
  readonly rules: Rules | undefined;
  readonly texts: Readonly<Partial<Record<Name, HeaderText>>>;
  /** Each text has at most so many characters. */
  readonly maxLengths: Readonly<Record<Name, number>>;
  readonly fractionDigits: number | 'auto';
  readonly identity: IdentitySource | undefined;
  readonly create: (choice: LeadChoice<Name>) => Lead;
}

export class LeadsByLog<Name extends string> implements Leads {
  readonly defaultLead: Lead;
  readonly maxBytes: number;
  readonly fractionDigits: number | 'auto';
  readonly columns: readonly number[];
  readonly identity: IdentitySource | undefined;

  readonly #create: LeadsByLogParts<Name>['create'];
  readonly #classes: readonly ClassRule[];
  /** The texts with fields in them. */
  readonly #fromFields: (readonly [Name, readonly CompiledPart[]])[] = [];
  readonly #isDefaultOnly: boolean;
  readonly #leads = new Map<string, Lead>();
  /** The lead of the log before: many logs in a row have the same lead. */
  #last: LastLead | undefined;

  /** @throws what `create` throws */
  constructor({ columns, rules, texts, maxLengths, fractionDigits, identity, create }: LeadsByLogParts<Name>) {
    this.fractionDigits = fractionDigits;
    this.identity = identity;
    this.#create = create;
    this.#classes = rules?.classes ?? [];
    for (const [name, text] of Object.entries(texts) as [Name, HeaderText | undefined][]) {
      if (typeof text !== 'object') continue;
      const parts = text.map((part) =>
        typeof part === 'string' ? part : { column: columns.add(part.field), orElse: part.orElse ?? '' },
      );
      this.#fromFields.push([name, parts]);
    }
    const parts = this.#fromFields.flatMap(([, each]) => each);
    this.columns = [...new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.column])))];
    this.defaultLead = this.#make(undefined, undefined, () => undefined);
    this.#isDefaultOnly = rules === undefined && this.#fromFields.length === 0;
    this.maxBytes = this.#isDefaultOnly ? this.defaultLead.maxBytes : this.#longest(maxLengths);
  }

  of(decision: Decision | undefined, value: ColumnValue): Lead {
    if (this.#isDefaultOnly) return this.defaultLead;
    if (this.#last !== undefined && this.#isLast(this.#last, decision, value)) return this.#last.lead;
    const lead = this.#kept(decision, value);
    const texts = this.columns.map((column) => value(column)?.slice(0, MAX_FIELD_BYTES));
    this.#last = { rule: decision?.rule, severity: decision?.severity, texts, lead };
    return lead;
  }

  #kept(decision: Decision | undefined, value: ColumnValue): Lead {
    const key = this.#keyOf(decision, value);
    const known = this.#leads.get(key);
    if (known !== undefined) return known;
    const lead = this.#make(decision?.rule, decision?.severity, value);
    if (this.#leads.size === MAX_KEPT_LEADS) this.#leads.clear();
    this.#leads.set(key, lead);
    return lead;
  }

  #isLast(last: LastLead, decision: Decision | undefined, value: ColumnValue): boolean {
    if (decision?.rule !== last.rule || decision?.severity !== last.severity) return false;
    const { columns } = this;
    for (let index = 0; index < columns.length; index++) {
      if (!beginsAlike(value(columns[index]!), last.texts[index])) return false;
    }
    return true;
  }

  #keyOf(decision: Decision | undefined, value: ColumnValue): string {
    const rule = decision?.rule === undefined ? -1 : this.#classes.indexOf(decision.rule);
    let key = `${rule} ${decision?.severity ?? ''}`;
    for (const column of this.columns) {
      const text = value(column);
      if (text === undefined) key += ' -';
      else key += ` ${Math.min(text.length, MAX_FIELD_BYTES)} ${latin1(text.subarray(0, MAX_FIELD_BYTES))}`;
    }
    return key;
  }

  #make(rule: ClassRule | undefined, severity: number | undefined, value: ColumnValue): Lead {
    const texts: Partial<Record<Name, string>> = {};
    for (const [name, parts] of this.#fromFields) texts[name] = parts.map((part) => partText(part, value)).join('');
    return this.#create({ texts, rule, severity });
  }

  /** Bytes of the longest lead of all classes, with the longest texts from fields, and a PRI of three digits. */
  #longest(maxLengths: LeadsByLogParts<Name>['maxLengths']): number {
    const texts = Object.fromEntries(this.#fromFields.map(([name]) => [name, 'x'.repeat(maxLengths[name])]));
    const rules = [undefined, ...this.#classes].map((rule) => ({ ...rule, ...HIGHEST }));
    const choices = rules.map((rule) => ({
      texts: texts as LeadChoice<Name>['texts'],
      rule,
      severity: HIGHEST.severity,
    }));
    return Math.max(...choices.map((choice) => this.#create(choice).maxBytes));
  }
}

interface LastLead {
  readonly rule: ClassRule | undefined;
  readonly severity: number | undefined;
  /** The first MAX_FIELD_BYTES of each column's value. */
  readonly texts: readonly (Uint8Array | undefined)[];
  readonly lead: Lead;
}

/** @param kept the first MAX_FIELD_BYTES of a text */
function beginsAlike(text: Uint8Array | undefined, kept: Uint8Array | undefined): boolean {
  if (text === undefined || kept === undefined) return text === kept;
  if (Math.min(text.length, MAX_FIELD_BYTES) !== kept.length) return false;
  for (let index = 0; index < kept.length; index++) if (text[index] !== kept[index]) return false;
  return true;
}

const HIGHEST = { when: { kind: 'all', of: [] }, facility: 23, severity: 7 } as const;

function partText(part: CompiledPart, value: ColumnValue): string {
  if (typeof part === 'string') return part;
  const bytes = value(part.column);
  return bytes === undefined || bytes.length === 0 ? part.orElse : decodeUtf8(bytes.subarray(0, MAX_FIELD_BYTES));
}
