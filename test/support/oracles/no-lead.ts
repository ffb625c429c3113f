/** No lead: a message is its text only. */
import type { Lead, LeadSource } from '../../../src/encode/lead/lead.ts';

/** user */
const FACILITY = 1;
/** informational */
const SEVERITY = 6;

const nothing: Lead = {
  maxBytes: 0,
  facility: FACILITY,
  severity: SEVERITY,
  write: () => undefined,
  length: () => 0,
  copySecond: () => ({ length: 0, fractionAt: undefined }),
};

export const noLead: LeadSource = {
  create: () => ({
    defaultLead: nothing,
    maxBytes: 0,
    fractionDigits: 0,
    columns: [],
    identity: undefined,
    of: () => nothing,
  }),
};
